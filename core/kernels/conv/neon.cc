// Tiles of up to 4 pixels x 16 channels, without a dot product instruction: bytes are widened to 16 bits, products join
// sums of 32. 16 accumulators, 4 registers with 8 values of a pixel each, 2 of weights.
#include "kernels/conv/neon_store.h"

namespace octavo {
namespace {

// Four of the eight values in x, from kFirst on.
template <int MR, int kFirst, int kStep>
[[gnu::always_inline]] inline void multiply(const int16x8_t (&x)[MR], const int8_t* w, int32x4_t (&acc)[MR][4]) {
  if constexpr (kStep < 4) {
    constexpr int lane = kFirst + kStep;
    const int8x16_t bytes = vld1q_s8(w + kChannels * lane);
    const int16x8_t low = vmovl_s8(vget_low_s8(bytes)), high = vmovl_high_s8(bytes);
#pragma GCC unroll 4
    for (int i = 0; i < MR; ++i) {
      acc[i][0] = vmlal_laneq_s16(acc[i][0], vget_low_s16(low), x[i], lane);
      acc[i][1] = vmlal_high_laneq_s16(acc[i][1], low, x[i], lane);
      acc[i][2] = vmlal_laneq_s16(acc[i][2], vget_low_s16(high), x[i], lane);
      acc[i][3] = vmlal_high_laneq_s16(acc[i][3], high, x[i], lane);
    }
    multiply<MR, kFirst, kStep + 1>(x, w, acc);
  }
}

template <int MR>
void run(const ConvTile& tile) {
  const uint8x8_t flip = vdup_n_u8(tile.x_flip);
  int32x4_t acc[MR][4];
#pragma GCC unroll 4
  for (int i = 0; i < MR; ++i)
#pragma GCC unroll 4
    for (int v = 0; v < 4; ++v) acc[i][v] = vld1q_s32(tile.bias + 4 * v);
  const auto* w = static_cast<const int8_t*>(tile.weight);
  for (int64_t s = 0; s < tile.segments; ++s) {
    int64_t at = tile.segment[s] + tile.x_offset;
    for (int64_t left = tile.steps; left > 0; left -= 2, at += 8) {
      int16x8_t x[MR];
#pragma GCC unroll 4
      for (int i = 0; i < MR; ++i) x[i] = vreinterpretq_s16_u16(vmovl_u8(veor_u8(vld1_u8(tile.x[i] + at), flip)));
      multiply<MR, 0, 0>(x, w, acc);
      if (left > 1) multiply<MR, 4, 0>(x, w, acc);
      w += (left > 1 ? 8 : 4) * kChannels;
    }
  }
  store_tile(tile, acc, MR);
}

}  // namespace

const ConvFunction kConvNeon16[] = {nullptr, run<1>, run<2>, run<3>, run<4>};

}  // namespace octavo
