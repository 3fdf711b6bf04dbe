// The meaning of the row-wise quantized linear layer, in plain C++: one row, 16 outputs at a time.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/row_linear/row_linear.h"

namespace octavo {
namespace {

constexpr int kOutputs = reference::kPanel.nr;
static_assert(reference::kPanel.interleave == 1);

uint8_t clamped(int64_t level) { return static_cast<uint8_t>(std::clamp<int64_t>(level, 0, 255)); }

void quantize(const RowQuantization& rows) {
  for (int64_t row = 0; row < rows.rows; ++row) {
    const float* x = rows.x + row * rows.x_stride;
    uint8_t* q = rows.q + row * rows.q_stride;
    float low = 0.0f, high = 0.0f;
    bool has_nan = false;
    for (int64_t i = 0; i < rows.k; ++i) {
      low = x[i] < low ? x[i] : low;
      high = x[i] > high ? x[i] : high;
      has_nan |= std::isnan(x[i]);
    }
    const float range = high - low;
    if (has_nan || !std::isfinite(range)) {
      rows.qparams[row] = {.scale = __builtin_nanf("")};
      std::memset(q, 0, static_cast<size_t>(rows.k));
      continue;
    }
    float scale = range * kOneOver255, inverse = 1.0f / scale;
    if (!std::isfinite(inverse)) scale = inverse = 1.0f;
    const int32_t zero_point = clamped(std::lrintf(-low * inverse));
    rows.qparams[row] = {.scale = scale, .zero_point = zero_point};
    for (int64_t i = 0; i < rows.k; ++i) q[i] = clamped(std::lrintf(x[i] * inverse) + zero_point);
  }
}

void run_row(const RowLinearTile& tile) {
  const RowQParams row = *tile.qparams;
  uint32_t acc[kOutputs];  // modulo 2^32, where the order of a sum does not matter
  for (int c = 0; c < kOutputs; ++c)
    acc[c] = static_cast<uint32_t>(row.zero_point) * static_cast<uint32_t>(tile.minus_sum[c]) +
             static_cast<uint32_t>(row.addend);
  const int8_t* w = tile.weight;
  for (int64_t k = 0; k < tile.k; ++k, w += kOutputs)
    for (int c = 0; c < kOutputs; ++c) acc[c] += static_cast<uint32_t>(int16_t{tile.q[k]} * int16_t{w[c]});
  for (int64_t c = 0; c < tile.columns; ++c) {
    const float sum = static_cast<float>(static_cast<int32_t>(acc[c]));
    const float value = sum * (row.scale * tile.weight_scale[c]) + tile.bias[c];
    tile.y[c] = tile.accumulates ? tile.y[c] + value : value;
  }
}

constexpr RowLinearFunction kRun[] = {nullptr, run_row};

}  // namespace

const RowLinearKernels reference::kRowLinear = {
    .nr = kOutputs, .mr = 1, .interleave = reference::kPanel.interleave, .run = kRun, .quantize = quantize};

}  // namespace octavo
