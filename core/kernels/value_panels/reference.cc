// The meaning of values packed as weights, in plain C++: one output at a time.
#include "kernels/value_panels/value_panels.h"

#include <cmath>

namespace octavo {
namespace {

constexpr int kOutputs = reference::kPanel.nr;

float element(const ValuePanel& panel, int64_t output, int64_t k) {
  return *reinterpret_cast<const float*>(panel.x + output * panel.output_stride + k * panel.depth_stride);
}

void pack_floats(const ValuePanel& panel) {
  for (int64_t o = 0; o < panel.outputs; ++o) {
    float largest = 0.0f;
    bool finite = true;
    for (int64_t k = 0; k < panel.k; ++k) {
      const float magnitude = std::fabs(element(panel, o, k));
      finite &= std::isfinite(magnitude);
      largest = magnitude > largest ? magnitude : largest;
    }
    float scale = finite ? largest * kOneOver127 : 0.0f, inverse = 1.0f / scale;
    if (!std::isfinite(inverse)) scale = inverse = 1.0f;
    panel.weight_scale[o] = (finite ? scale : __builtin_nanf("")) * panel.factor;
    panel.minus_sum[o] = 0;
    for (int64_t k = 0; k < panel.k; ++k) {
      const auto w = static_cast<int8_t>(finite ? std::lrintf(element(panel, o, k) * inverse) : 0);
      panel.weight[k * kOutputs + o] = w;
      panel.minus_sum[o] -= w;
    }
  }
}

void pack_levels(const ValuePanel& panel) {
  for (int64_t o = 0; o < panel.outputs; ++o) {
    panel.weight_scale[o] = panel.factor;
    panel.minus_sum[o] = 0;
    for (int64_t k = 0; k < panel.k; ++k) {
      const uint8_t byte = panel.x[o * panel.output_stride + k * panel.depth_stride];
      const auto w = static_cast<int8_t>(static_cast<int32_t>(byte ^ panel.flip) - 128);
      panel.weight[k * kOutputs + o] = w;
      panel.minus_sum[o] -= w;
    }
  }
}

void copy_levels(const LevelRows& rows) {
  for (int64_t row = 0; row < rows.rows; ++row) {
    const uint8_t* x = rows.x + row * rows.x_stride;
    uint8_t* q = rows.q + row * rows.q_stride;
    int32_t sum = 0;
    for (int64_t k = 0; k < rows.k; ++k) sum += q[k] = static_cast<uint8_t>(x[k] ^ rows.flip);
    rows.qparams[row] = {1.0f, rows.zero_point, level_addend(rows, sum)};
  }
}

}  // namespace

const ValuePanelKernels reference::kValuePanels = {.float_rows = pack_floats,
                                                   .float_columns = pack_floats,
                                                   .level_rows = pack_levels,
                                                   .level_columns = pack_levels,
                                                   .copy_levels = copy_levels};

}  // namespace octavo
