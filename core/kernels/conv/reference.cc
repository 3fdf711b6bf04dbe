// The meaning of a convolution tile, in plain C++: one pixel at a time, 16 channels.
#include <cmath>
#include <cstdint>
#include <cstring>

#include "kernels/conv/conv.h"

namespace octavo {
namespace {

constexpr int kChannels = 16;

void accumulate(const ConvTile& tile, const uint8_t* x, int32_t (&acc)[kChannels]) {
  uint32_t sum[kChannels];  // modulo 2^32, where the order of a sum does not matter
  std::memcpy(sum, tile.bias, sizeof sum);
  const auto* w = static_cast<const int8_t*>(tile.weight);
  for (int64_t s = 0; s < tile.segments; ++s) {
    const uint8_t* segment = x + tile.segment[s] + tile.x_offset;
    for (int64_t k = 0; k < 4 * tile.steps; ++k, w += kChannels) {
      const int16_t value = static_cast<uint8_t>(segment[k] ^ tile.x_flip);
      for (int c = 0; c < kChannels; ++c) sum[c] += static_cast<uint32_t>(value * int16_t{w[c]});
    }
  }
  std::memcpy(acc, sum, sizeof sum);
}

uint8_t requantize(const ConvOutput& out, float value) {
  const float rounded = std::nearbyint(std::fmin(std::fmax(value, -kConvLimit), kConvLimit));
  const int32_t q = static_cast<int32_t>(rounded) + out.zero_point[0];
  const int32_t clamped = q < out.clamp_min[0] ? out.clamp_min[0] : q > out.clamp_max[0] ? out.clamp_max[0] : q;
  return static_cast<uint8_t>(clamped ^ out.flip[0]);
}

void run_pixel(const ConvTile& tile, int i) {
  const ConvOutput& out = *tile.out;
  int32_t acc[kChannels];
  accumulate(tile, tile.x[i], acc);
  uint8_t* y = tile.y[i] + tile.y_offset;
  for (int64_t c = 0; c < tile.channels; ++c) {
    float value = static_cast<float>(acc[c]) * tile.multiplier[c];
    if (out.is_float) {
      std::memcpy(y + 4 * c, &value, sizeof value);
      continue;
    }
    if (tile.residual != nullptr) {
      const int32_t r = tile.residual[i][tile.residual_offset + c] ^ out.residual_flip[0];
      value += static_cast<float>(r - out.residual_zero_point[0]) * out.residual_multiplier[0];
    }
    y[c] = requantize(out, value);
  }
}

void run1(const ConvTile& tile) { run_pixel(tile, 0); }

}  // namespace

const ConvFunction kConvReference16[] = {nullptr, run1};

}  // namespace octavo
