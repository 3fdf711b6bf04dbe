// From the sums of a tile of 16 channels to its outputs, on NEON.
#pragma once

#include <cstring>

#include "kernels/conv/conv.h"
#include "kernels/neon.h"

namespace octavo {
namespace {

constexpr int kChannels = 16;

inline void store_floats(const ConvTile& tile, const int32x4_t (&acc)[4], uint8_t* y) {
  float value[kChannels];
  for (int v = 0; v < 4; ++v)
    vst1q_f32(value + 4 * v, vmulq_f32(vcvtq_f32_s32(acc[v]), vld1q_f32(tile.multiplier + 4 * v)));
  std::memcpy(y, value, static_cast<size_t>(4 * tile.channels));
}

// float(r - zero_point) * multiplier, for the four bytes at r.
inline float32x4_t residual_part(const ConvOutput& out, const uint8_t* r) {
  const neon_lanes::Ints bytes = neon_lanes::Ints::load_levels(r, static_cast<uint32_t>(out.residual_flip[0]));
  const int32x4_t centered = vsubq_s32(bytes.v, vld1q_s32(out.residual_zero_point));
  return vmulq_f32(vcvtq_f32_s32(centered), vld1q_f32(out.residual_multiplier));
}

inline void store_bytes(const ConvTile& tile, const int32x4_t (&value)[4], uint8_t* y) {
  const ConvOutput& out = *tile.out;
  const int16x8_t zero = vld1q_s16(out.zero_point);
  const int16x8_t low = vqaddq_s16(vqmovn_high_s32(vqmovn_s32(value[0]), value[1]), zero);
  const int16x8_t high = vqaddq_s16(vqmovn_high_s32(vqmovn_s32(value[2]), value[3]), zero);
  uint8x16_t bytes = vqmovun_high_s16(vqmovun_s16(low), high);
  bytes = vminq_u8(vmaxq_u8(bytes, vld1q_u8(out.clamp_min)), vld1q_u8(out.clamp_max));
  bytes = veorq_u8(bytes, vld1q_u8(out.flip));
  if (tile.channels == kChannels) return vst1q_u8(y, bytes);
  uint8_t kept[kChannels];
  vst1q_u8(kept, bytes);
  std::memcpy(y, kept, static_cast<size_t>(tile.channels));
}

// Conversion saturates, and so do the packs. Not inlined: the constants would fight the accumulators for registers.
[[gnu::noinline]] void store_tile(const ConvTile& tile, const int32x4_t (*acc)[4], int rows) {
  for (int i = 0; i < rows; ++i) {
    uint8_t* y = tile.y[i] + tile.y_offset;
    if (tile.out->is_float) {
      store_floats(tile, acc[i], y);
      continue;
    }
    int32x4_t value[4];
    for (int v = 0; v < 4; ++v) {
      float32x4_t sum = vmulq_f32(vcvtq_f32_s32(acc[i][v]), vld1q_f32(tile.multiplier + 4 * v));
      if (tile.residual != nullptr)
        sum = vaddq_f32(sum, residual_part(*tile.out, tile.residual[i] + tile.residual_offset + 4 * v));
      value[v] = vcvtnq_s32_f32(vminq_f32(sum, vld1q_f32(tile.out->limit)));
    }
    store_bytes(tile, value, y);
  }
}

}  // namespace
}  // namespace octavo
