// NEON of 64-bit Arm as kernels see it (vector.h): 4 lanes of 32 bits, 8 of 16, 16 of 8. Everything has internal
// linkage.
#pragma once

#include <arm_neon.h>

#include <cstdint>

#include "kernels/elementwise.h"

namespace octavo {
namespace {
namespace neon_lanes {

struct Mask {
  uint32x4_t v;
};

inline uint32x4_t first_lanes(int64_t n) {
  constexpr int32_t lanes[4] = {0, 1, 2, 3};
  return vcgtq_s32(vdupq_n_s32(n > 4 ? 4 : static_cast<int32_t>(n)), vld1q_s32(lanes));
}

struct Floats {
  float32x4_t v;
  Floats() = default;
  explicit Floats(float32x4_t value) : v(value) {}
  explicit Floats(float value) : v(vdupq_n_f32(value)) {}
  static Floats load(const float* from) { return Floats(vld1q_f32(from)); }
  static Floats load(const float* from, int64_t n) {
    if (n >= 4) return load(from);
    float lanes[4] = {};
    for (int64_t i = 0; i < n; ++i) lanes[i] = from[i];
    return load(lanes);
  }
  static Mask first(int64_t n) { return {first_lanes(n)}; }
};

inline void store(float* to, Floats a) { vst1q_f32(to, a.v); }
inline void store(float* to, int64_t n, Floats a) {
  if (n >= 4) return store(to, a);
  float lanes[4];
  store(lanes, a);
  for (int64_t i = 0; i < n; ++i) to[i] = lanes[i];
}

struct Ints {
  int32x4_t v;
  Ints() = default;
  explicit Ints(int32x4_t value) : v(value) {}
  explicit Ints(int32_t value) : v(vdupq_n_s32(value)) {}
  static Ints load_levels(const uint8_t* from, uint32_t flip) {
    uint32_t word;
    __builtin_memcpy(&word, from, sizeof word);
    const uint8x8_t bytes = veor_u8(vreinterpret_u8_u32(vdup_n_u32(word)), vdup_n_u8(static_cast<uint8_t>(flip)));
    return Ints(vreinterpretq_s32_u32(vmovl_u16(vget_low_u16(vmovl_u8(bytes)))));
  }
};

struct Bytes {
  uint8x16_t v;
  explicit Bytes(uint8x16_t value) : v(value) {}
  explicit Bytes(uint8_t value) : v(vdupq_n_u8(value)) {}
  static Bytes load(const uint8_t* from) { return Bytes(vld1q_u8(from)); }
};

inline void store(uint8_t* to, int64_t n, Bytes bytes) {
  if (n >= 16) return vst1q_u8(to, bytes.v);
  uint8_t buffer[16];
  vst1q_u8(buffer, bytes.v);
  for (int64_t i = 0; i < n; ++i) to[i] = buffer[i];
}

struct Words {
  uint16x8_t v;
  Words() = default;
  explicit Words(uint16x8_t value) : v(value) {}
  explicit Words(int16_t value) : v(vdupq_n_u16(static_cast<uint16_t>(value))) {}
};

inline Floats operator+(Floats a, Floats b) { return Floats(vaddq_f32(a.v, b.v)); }
inline Floats operator-(Floats a, Floats b) { return Floats(vsubq_f32(a.v, b.v)); }
inline Floats operator*(Floats a, Floats b) { return Floats(vmulq_f32(a.v, b.v)); }
inline Floats operator/(Floats a, Floats b) { return Floats(vdivq_f32(a.v, b.v)); }
inline Mask operator|(Mask a, Mask b) { return {vorrq_u32(a.v, b.v)}; }
inline Mask less(Floats a, Floats b) { return {vcltq_f32(a.v, b.v)}; }
inline Mask is_nan(Floats a) { return {vmvnq_u32(vceqq_f32(a.v, a.v))}; }
inline Floats select(Mask mask, Floats a, Floats b) { return Floats(vbslq_f32(mask.v, a.v, b.v)); }
// Not vminq and vmaxq, which give NaN where either is: these give b.
inline Floats min(Floats a, Floats b) { return select(less(a, b), a, b); }
inline Floats max(Floats a, Floats b) { return select(less(b, a), a, b); }
inline Floats look_up(const float (&table)[16], Ints at) {
  const uint32x4_t index = vandq_u32(vreinterpretq_u32_s32(at.v), vdupq_n_u32(15));
  const uint32x4_t bytes = vmlaq_n_u32(vdupq_n_u32(0x03020100), index, 0x04040404);
  const uint8x16x4_t entries = vld1q_u8_x4(reinterpret_cast<const uint8_t*>(table));
  return Floats(vreinterpretq_f32_u8(vqtbl4q_u8(entries, vreinterpretq_u8_u32(bytes))));
}
inline Floats absolute(Floats a) { return Floats(vabsq_f32(a.v)); }
inline Floats negated(Floats a) { return Floats(vnegq_f32(a.v)); }
inline Floats copy_sign(Floats magnitude, Floats sign) {
  return Floats(vbslq_f32(vdupq_n_u32(0x80000000u), sign.v, magnitude.v));
}
inline Floats square_root(Floats a) { return Floats(vsqrtq_f32(a.v)); }
inline float sum_tree(const Floats (&lanes)[4]) {
  const Floats four = (lanes[0] + lanes[2]) + (lanes[1] + lanes[3]);
  const float32x2_t two = vadd_f32(vget_low_f32(four.v), vget_high_f32(four.v));
  return vget_lane_f32(two, 0) + vget_lane_f32(two, 1);
}

inline float lowest(Floats a) { return vminvq_f32(a.v); }
inline float highest(Floats a) { return vmaxvq_f32(a.v); }
inline bool any(Mask mask) { return vmaxvq_u32(mask.v) != 0; }

inline Ints operator+(Ints a, Ints b) { return Ints(vaddq_s32(a.v, b.v)); }
inline Ints operator-(Ints a, Ints b) { return Ints(vsubq_s32(a.v, b.v)); }
inline Ints operator>>(Ints a, int n) { return Ints(vshlq_s32(a.v, vdupq_n_s32(-n))); }
inline Ints operator<<(Ints a, int n) { return Ints(vshlq_s32(a.v, vdupq_n_s32(n))); }
inline Ints bits(Floats a) { return Ints(vreinterpretq_s32_f32(a.v)); }
inline Floats from_bits(Ints a) { return Floats(vreinterpretq_f32_s32(a.v)); }
inline Floats to_float(Ints a) { return Floats(vcvtq_f32_s32(a.v)); }
inline Ints rounded(Floats a) { return Ints(vcvtnq_s32_f32(a.v)); }

inline int32_t total(Ints a) { return vaddvq_s32(a.v); }
inline Ints byte_sums(Bytes a) { return Ints(vreinterpretq_s32_u32(vpaddlq_u16(vpaddlq_u8(a.v)))); }

inline Bytes operator^(Bytes a, Bytes b) { return Bytes(veorq_u8(a.v, b.v)); }
inline Bytes max_unsigned(Bytes a, Bytes b) { return Bytes(vmaxq_u8(a.v, b.v)); }
inline Bytes max_signed(Bytes a, Bytes b) {
  return Bytes(vreinterpretq_u8_s8(vmaxq_s8(vreinterpretq_s8_u8(a.v), vreinterpretq_s8_u8(b.v))));
}

inline Words operator+(Words a, Words b) { return Words(vaddq_u16(a.v, b.v)); }
inline Words widened(Bytes a, int64_t half) {
  return Words(half == 0 ? vmovl_u8(vget_low_u8(a.v)) : vmovl_high_u8(a.v));
}
inline Ints widened(Words a, int64_t half) {
  return Ints(vreinterpretq_s32_u32(half == 0 ? vmovl_u16(vget_low_u16(a.v)) : vmovl_high_u16(a.v)));
}

inline Bytes pack_levels(Ints v0, Ints v1, Ints v2, Ints v3, const Requantize& q) {
  const int16x8_t zero = vdupq_n_s16(static_cast<int16_t>(q.zero_point));
  const int16x8_t low = vaddq_s16(vqmovn_high_s32(vqmovn_s32(v0.v), v1.v), zero);
  const int16x8_t high = vaddq_s16(vqmovn_high_s32(vqmovn_s32(v2.v), v3.v), zero);
  return Bytes(vqmovun_high_s16(vqmovun_s16(low), high)) ^ Bytes(static_cast<uint8_t>(q.flip));
}
inline void store_levels(uint8_t* to, int64_t n, Ints v, const Requantize& q) {
  const Ints none(0);
  const Bytes bytes = pack_levels(v, none, none, none, q);
  const uint32_t word = vgetq_lane_u32(vreinterpretq_u32_u8(bytes.v), 0);
  if (n >= 4)
    __builtin_memcpy(to, &word, sizeof word);
  else
    store(to, n, bytes);
}

}  // namespace neon_lanes

struct Neon {
  using Floats = neon_lanes::Floats;
  using Ints = neon_lanes::Ints;
  using Words = neon_lanes::Words;
  using Bytes = neon_lanes::Bytes;
  static constexpr int64_t kLanes = 4;
};

}  // namespace
}  // namespace octavo
