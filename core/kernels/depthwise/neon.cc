// Depthwise convolution on NEON: tap by tap, 16 channels of it widened to 16 bits; products join sums of 32.
// Four accumulators, two registers of a tap, two of weights.
#include "kernels/neon.h"
#include "kernels/depthwise/depthwise.h"

namespace octavo {
namespace {

constexpr int kWidth = 16;

inline void accumulate(const DepthwiseArgs& args, const uint8_t* x, int32x4_t (&acc)[4]) {
  const auto* bias = reinterpret_cast<const int32_t*>(args.packed);
  const auto* weight = reinterpret_cast<const int16_t*>(args.packed + kWidth * (sizeof(int32_t) + sizeof(float)));
  const uint8x16_t flip = vdupq_n_u8(args.x_flip);
  for (int v = 0; v < 4; ++v) acc[v] = vld1q_s32(bias + 4 * v);
  for (int tap = 0; tap < args.tap_groups; ++tap, weight += kWidth) {
    const uint8x16_t bytes = veorq_u8(vld1q_u8(x + args.tap[tap]), flip);
    const int16x8_t low = vreinterpretq_s16_u16(vmovl_u8(vget_low_u8(bytes)));
    const int16x8_t high = vreinterpretq_s16_u16(vmovl_high_u8(bytes));
    const int16x8_t w0 = vld1q_s16(weight), w1 = vld1q_s16(weight + 8);
    acc[0] = vmlal_s16(acc[0], vget_low_s16(low), vget_low_s16(w0));
    acc[1] = vmlal_high_s16(acc[1], low, w0);
    acc[2] = vmlal_s16(acc[2], vget_low_s16(high), vget_low_s16(w1));
    acc[3] = vmlal_high_s16(acc[3], high, w1);
  }
}

// value + (residual - its zero_point) * its multiplier
inline float32x4_t with_residual(const DepthwiseEpilogue& epilogue, const uint8_t* residual, float32x4_t value) {
  const int32x4_t levels = neon_lanes::Ints::load_levels(residual, epilogue.residual_flip).v;
  const int32x4_t centered = vsubq_s32(levels, vdupq_n_s32(epilogue.residual_zero_point + epilogue.residual_flip));
  return vaddq_f32(value, vmulq_f32(vcvtq_f32_s32(centered), vdupq_n_f32(epilogue.residual_multiplier)));
}

inline void store_bytes(const DepthwiseArgs& args, const float32x4_t (&value)[4], uint8_t* y) {
  using neon_lanes::Floats, neon_lanes::Ints;
  const DepthwiseEpilogue& epilogue = *args.epilogue;
  const Requantize q{.low = epilogue.clamp_low,
                     .high = epilogue.clamp_high,
                     .zero_point = epilogue.zero_point + epilogue.flip,
                     .flip = epilogue.flip};
  Ints whole[4];
  for (int v = 0; v < 4; ++v) whole[v] = rounded(min(max(Floats(value[v]), Floats(q.low)), Floats(q.high)));
  store(y, args.channels, pack_levels(whole[0], whole[1], whole[2], whole[3], q));
}

inline void store_floats(const float32x4_t (&value)[4], int channels, float* y) {
  for (int v = 0; v < 4 && 4 * v < channels; ++v) store(y + 4 * v, channels - 4 * v, neon_lanes::Floats(value[v]));
}

}  // namespace

void depthwise_neon(const DepthwiseArgs& args) {
  const auto* multiplier = reinterpret_cast<const float*>(args.packed) + kWidth;
  for (int64_t row = 0; row < args.rows; ++row)
    for (int64_t column = 0; column < args.columns; ++column) {
      int32x4_t acc[4];
      float32x4_t value[4];
      accumulate(args, args.x + row * args.x_row + column * args.x_column, acc);
      for (int v = 0; v < 4; ++v) value[v] = vmulq_f32(vcvtq_f32_s32(acc[v]), vld1q_f32(multiplier + 4 * v));
      uint8_t* y = args.y + row * args.y_row + column * args.y_column;
      if (args.epilogue->to_float) {
        store_floats(value, args.channels, reinterpret_cast<float*>(y));
        continue;
      }
      if (args.residual != nullptr) {
        const uint8_t* residual = args.residual + row * args.residual_row + column * args.residual_column;
        for (int v = 0; v < 4; ++v) value[v] = with_residual(*args.epilogue, residual + 4 * v, value[v]);
      }
      store_bytes(args, value, y);
    }
}

}  // namespace octavo
