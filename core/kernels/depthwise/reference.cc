// The meaning of a depthwise convolution, one output at a time.
#include <cmath>

#include "kernels/depthwise/depthwise.h"

namespace octavo {
namespace {

int32_t to_int(uint8_t byte, uint8_t flip) { return flip ? static_cast<int8_t>(byte) : byte; }

void store(const DepthwiseArgs& args, int32_t accumulator, float multiplier, int64_t residual_at, uint8_t* y,
           int channel) {
  const DepthwiseEpilogue& epilogue = *args.epilogue;
  float value = static_cast<float>(accumulator) * multiplier;
  if (epilogue.to_float) {
    reinterpret_cast<float*>(y)[channel] = value;
    return;
  }
  if (args.residual) {
    const int32_t residual = to_int(args.residual[residual_at + channel], epilogue.residual_flip);
    value += static_cast<float>(residual - epilogue.residual_zero_point) * epilogue.residual_multiplier;
  }
  value = value > epilogue.clamp_low ? value : epilogue.clamp_low;
  value = value < epilogue.clamp_high ? value : epilogue.clamp_high;
  y[channel] = static_cast<uint8_t>(static_cast<int32_t>(std::nearbyint(value)) + epilogue.zero_point);
}

}  // namespace

void depthwise_reference(const DepthwiseArgs& args) {
  const auto* bias = reinterpret_cast<const int32_t*>(args.packed);
  const auto* multiplier = reinterpret_cast<const float*>(bias + args.width);
  const auto* weight = reinterpret_cast<const int8_t*>(multiplier + args.width);  // [width][taps]
  for (int64_t row = 0; row < args.rows; ++row)
    for (int64_t column = 0; column < args.columns; ++column) {
      const uint8_t* x = args.x + row * args.x_row + column * args.x_column;
      uint8_t* y = args.y + row * args.y_row + column * args.y_column;
      const int64_t residual_at = row * args.residual_row + column * args.residual_column;
      for (int channel = 0; channel < args.channels; ++channel) {
        int32_t accumulator = bias[channel];
        for (int tap = 0; tap < args.taps; ++tap)
          accumulator +=
              (to_int(x[args.tap[tap] + channel], args.x_flip) - args.x_zero_point) * weight[channel * args.taps + tap];
        store(args, accumulator, multiplier[channel], residual_at, y, channel);
      }
    }
}

}  // namespace octavo
