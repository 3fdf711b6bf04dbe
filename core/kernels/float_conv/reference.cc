#include "kernels/float_conv/float_conv.h"
#include "kernels/scalar.h"

namespace octavo {
namespace {

float dot(const FloatConvRow& row, int64_t pixel, int64_t channel, bool is_depthwise) {
  const int64_t in_channels = is_depthwise ? 1 : row.in_channels;
  const float* weight = row.weight + channel;
  float sum = 0.0f;
  for (int64_t t = 0; t < row.taps; ++t) {
    const uint8_t* tap = row.x + pixel * row.x_pixel + row.tap[t];
    const float* x = reinterpret_cast<const float*>(tap) + (is_depthwise ? channel : 0);
    for (int64_t c = 0; c < in_channels; ++c, weight += kFloatConvBlock) sum += x[c] * *weight;
  }
  return sum + row.bias[channel];
}

void run(const FloatConvRow& row, bool is_depthwise) {
  for (int64_t p = 0; p < row.pixels; ++p)
    for (int64_t c = 0; c < row.out_channels; ++c)
      as_float(row.y + p * row.y_pixel + 4 * c) = dot(row, p, c, is_depthwise);
}

void float_conv(const FloatConvRow& row) { run(row, false); }
void float_depthwise(const FloatConvRow& row) { run(row, true); }

}  // namespace

const FloatConvKernels reference::kFloatConv = {float_conv, float_depthwise};

}  // namespace octavo
