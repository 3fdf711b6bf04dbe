// AVX2 as kernels see it (vector.h): 8 lanes of 32 bits, 16 of 16, 32 of 8. Everything has internal linkage.
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "kernels/elementwise.h"

namespace octavo {
namespace {
namespace avx2_lanes {

struct Mask {
  __m256 v;
};

inline __m256i first_lanes(int64_t n) {
  const int32_t count = n > 8 ? 8 : static_cast<int32_t>(n);
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

struct Floats {
  __m256 v;
  Floats() = default;
  explicit Floats(__m256 value) : v(value) {}
  explicit Floats(float value) : v(_mm256_set1_ps(value)) {}
  static Floats load(const float* from) { return Floats(_mm256_loadu_ps(from)); }
  static Floats load(const float* from, int64_t n) {
    return n >= 8 ? load(from) : Floats(_mm256_maskload_ps(from, first_lanes(n)));
  }
  static Mask first(int64_t n) { return {_mm256_castsi256_ps(first_lanes(n))}; }
};

inline void store(float* to, Floats a) { _mm256_storeu_ps(to, a.v); }
inline void store(float* to, int64_t n, Floats a) {
  if (n >= 8)
    store(to, a);
  else
    _mm256_maskstore_ps(to, first_lanes(n), a.v);
}

struct Ints {
  __m256i v;
  Ints() = default;
  explicit Ints(__m256i value) : v(value) {}
  explicit Ints(int32_t value) : v(_mm256_set1_epi32(value)) {}
  static Ints load(const int32_t* from) { return Ints(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from))); }
  static Ints load_levels(const uint8_t* from, uint32_t flip) {
    const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(from));
    return Ints(_mm256_cvtepu8_epi32(_mm_xor_si128(bytes, _mm_set1_epi8(static_cast<char>(flip)))));
  }
};

struct Bytes {
  __m256i v;
  explicit Bytes(__m256i value) : v(value) {}
  explicit Bytes(uint8_t value) : v(_mm256_set1_epi8(static_cast<char>(value))) {}
  static Bytes load(const uint8_t* from) { return Bytes(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from))); }
};

inline void store(uint8_t* to, int64_t n, Bytes bytes) {
  if (n >= 32) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), bytes.v);
    return;
  }
  alignas(32) uint8_t buffer[32];
  _mm256_store_si256(reinterpret_cast<__m256i*>(buffer), bytes.v);
  for (int64_t i = 0; i < n; ++i) to[i] = buffer[i];
}

struct Words {
  __m256i v;
  Words() = default;
  explicit Words(__m256i value) : v(value) {}
  explicit Words(int16_t value) : v(_mm256_set1_epi16(value)) {}
  static Words load(const int16_t* from) { return Words(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from))); }
  static Words load_levels(const uint8_t* from, uint32_t flip) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    return Words(_mm256_cvtepu8_epi16(_mm_xor_si128(bytes, _mm_set1_epi8(static_cast<char>(flip)))));
  }
  static Words load_signed(const int8_t* from) {
    return Words(_mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from))));
  }
};

inline void store(int32_t* to, Ints a) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), a.v); }
inline void store(int16_t* to, Words a) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), a.v); }

inline Floats operator+(Floats a, Floats b) { return Floats(_mm256_add_ps(a.v, b.v)); }
inline Floats operator-(Floats a, Floats b) { return Floats(_mm256_sub_ps(a.v, b.v)); }
inline Floats operator*(Floats a, Floats b) { return Floats(_mm256_mul_ps(a.v, b.v)); }
inline Floats operator/(Floats a, Floats b) { return Floats(_mm256_div_ps(a.v, b.v)); }
inline Floats min(Floats a, Floats b) { return Floats(_mm256_min_ps(a.v, b.v)); }
inline Floats max(Floats a, Floats b) { return Floats(_mm256_max_ps(a.v, b.v)); }
inline Mask operator|(Mask a, Mask b) { return {_mm256_or_ps(a.v, b.v)}; }
inline Mask less(Floats a, Floats b) { return {_mm256_cmp_ps(a.v, b.v, _CMP_LT_OQ)}; }
inline Mask is_nan(Floats a) { return {_mm256_cmp_ps(a.v, a.v, _CMP_UNORD_Q)}; }
inline Floats select(Mask mask, Floats a, Floats b) { return Floats(_mm256_blendv_ps(b.v, a.v, mask.v)); }
inline Floats look_up(const float (&table)[16], Ints at) {
  const __m256 low = _mm256_permutevar8x32_ps(_mm256_loadu_ps(table), at.v);
  const __m256 high = _mm256_permutevar8x32_ps(_mm256_loadu_ps(table + 8), at.v);
  return Floats(_mm256_blendv_ps(low, high, _mm256_castsi256_ps(_mm256_slli_epi32(at.v, 28))));
}
inline Floats absolute(Floats a) { return Floats(_mm256_andnot_ps(_mm256_set1_ps(-0.0f), a.v)); }
inline Floats negated(Floats a) { return Floats(_mm256_xor_ps(_mm256_set1_ps(-0.0f), a.v)); }
inline Floats copy_sign(Floats magnitude, Floats sign) {
  return Floats(_mm256_or_ps(absolute(magnitude).v, _mm256_and_ps(_mm256_set1_ps(-0.0f), sign.v)));
}
inline Floats square_root(Floats a) { return Floats(_mm256_sqrt_ps(a.v)); }
inline float sum_tree(const Floats (&lanes)[2]) {
  const __m256 eight = (lanes[0] + lanes[1]).v;
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

inline float lowest(Floats a) {
  __m128 v = _mm_min_ps(_mm256_castps256_ps128(a.v), _mm256_extractf128_ps(a.v, 1));
  v = _mm_min_ps(v, _mm_movehl_ps(v, v));
  return _mm_cvtss_f32(_mm_min_ss(v, _mm_movehdup_ps(v)));
}
inline float highest(Floats a) { return -lowest(negated(a)); }
inline bool any(Mask mask) { return _mm256_movemask_ps(mask.v) != 0; }

inline Ints operator+(Ints a, Ints b) { return Ints(_mm256_add_epi32(a.v, b.v)); }
inline Ints operator-(Ints a, Ints b) { return Ints(_mm256_sub_epi32(a.v, b.v)); }
inline Ints operator*(Ints a, Ints b) { return Ints(_mm256_mullo_epi32(a.v, b.v)); }
inline Ints operator>>(Ints a, int n) { return Ints(_mm256_srai_epi32(a.v, n)); }
inline Ints operator<<(Ints a, int n) { return Ints(_mm256_slli_epi32(a.v, n)); }
inline Ints bits(Floats a) { return Ints(_mm256_castps_si256(a.v)); }
inline Floats from_bits(Ints a) { return Floats(_mm256_castsi256_ps(a.v)); }
inline Floats to_float(Ints a) { return Floats(_mm256_cvtepi32_ps(a.v)); }
inline Ints rounded(Floats a) { return Ints(_mm256_cvtps_epi32(a.v)); }

inline int32_t total(Ints a) {
  __m128i v = _mm_add_epi32(_mm256_castsi256_si128(a.v), _mm256_extracti128_si256(a.v, 1));
  v = _mm_add_epi32(v, _mm_shuffle_epi32(v, 0x4e));
  return _mm_cvtsi128_si32(_mm_add_epi32(v, _mm_shuffle_epi32(v, 0xb1)));
}
inline Ints byte_sums(Bytes a) { return Ints(_mm256_sad_epu8(a.v, _mm256_setzero_si256())); }

inline Bytes operator^(Bytes a, Bytes b) { return Bytes(_mm256_xor_si256(a.v, b.v)); }
inline Bytes max_unsigned(Bytes a, Bytes b) { return Bytes(_mm256_max_epu8(a.v, b.v)); }
inline Bytes max_signed(Bytes a, Bytes b) { return Bytes(_mm256_max_epi8(a.v, b.v)); }

inline Words operator+(Words a, Words b) { return Words(_mm256_add_epi16(a.v, b.v)); }
inline Words operator-(Words a, Words b) { return Words(_mm256_sub_epi16(a.v, b.v)); }
inline Words operator<<(Words a, int n) { return Words(_mm256_slli_epi16(a.v, n)); }
inline __m128i half_of(__m256i v, int64_t half) {
  return half == 0 ? _mm256_castsi256_si128(v) : _mm256_extracti128_si256(v, 1);
}
inline Words widened(Bytes a, int64_t half) { return Words(_mm256_cvtepu8_epi16(half_of(a.v, half))); }
inline Ints widened(Words a, int64_t half) { return Ints(_mm256_cvtepu16_epi32(half_of(a.v, half))); }

inline Bytes pack_levels(Ints v0, Ints v1, Ints v2, Ints v3, const Requantize& q) {
  const __m256i zero = _mm256_set1_epi16(static_cast<int16_t>(q.zero_point));
  const __m256i low = _mm256_add_epi16(_mm256_packs_epi32(v0.v, v1.v), zero);
  const __m256i high = _mm256_add_epi16(_mm256_packs_epi32(v2.v, v3.v), zero);
  const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
  return Bytes(_mm256_permutevar8x32_epi32(_mm256_packus_epi16(low, high), order)) ^
         Bytes(static_cast<uint8_t>(q.flip));
}
inline void store_levels(uint8_t* to, int64_t n, Ints v, const Requantize& q) {
  const Ints none(0);
  const Bytes bytes = pack_levels(v, none, none, none, q);
  if (n >= 8)
    _mm_storel_epi64(reinterpret_cast<__m128i*>(to), _mm256_castsi256_si128(bytes.v));
  else
    store(to, n, bytes);
}

}  // namespace avx2_lanes

struct Avx2 {
  using Floats = avx2_lanes::Floats;
  using Ints = avx2_lanes::Ints;
  using Words = avx2_lanes::Words;
  using Bytes = avx2_lanes::Bytes;
  static constexpr int64_t kLanes = 8;
};

}  // namespace
}  // namespace octavo
