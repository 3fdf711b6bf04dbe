// AVX-512 (F, BW, DQ, VL) as kernels see it (vector.h): 16 lanes of 32 bits, 32 of 16, 64 of 8. Everything has internal
// linkage.
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "kernels/elementwise.h"

namespace octavo {
namespace {
namespace avx512_lanes {

struct Mask {
  __mmask16 v;
};

inline __mmask16 first_lanes(int64_t n) { return n >= 16 ? 0xffff : static_cast<__mmask16>((1u << n) - 1); }
inline __mmask64 first_bytes(int64_t n) { return n >= 64 ? ~0ull : (1ull << n) - 1; }

struct Floats {
  __m512 v;
  Floats() = default;
  explicit Floats(__m512 value) : v(value) {}
  explicit Floats(float value) : v(_mm512_set1_ps(value)) {}
  static Floats load(const float* from) { return Floats(_mm512_loadu_ps(from)); }
  static Floats load(const float* from, int64_t n) { return Floats(_mm512_maskz_loadu_ps(first_lanes(n), from)); }
  static Mask first(int64_t n) { return {first_lanes(n)}; }
};

inline void store(float* to, Floats a) { _mm512_storeu_ps(to, a.v); }
inline void store(float* to, int64_t n, Floats a) { _mm512_mask_storeu_ps(to, first_lanes(n), a.v); }

struct Ints {
  __m512i v;
  Ints() = default;
  explicit Ints(__m512i value) : v(value) {}
  explicit Ints(int32_t value) : v(_mm512_set1_epi32(value)) {}
  static Ints load(const int32_t* from) { return Ints(_mm512_loadu_si512(from)); }
  static Ints load_levels(const uint8_t* from, uint32_t flip) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    return Ints(_mm512_cvtepu8_epi32(_mm_xor_si128(bytes, _mm_set1_epi8(static_cast<char>(flip)))));
  }
};

struct Bytes {
  __m512i v;
  explicit Bytes(__m512i value) : v(value) {}
  explicit Bytes(uint8_t value) : v(_mm512_set1_epi8(static_cast<char>(value))) {}
  static Bytes load(const uint8_t* from) { return Bytes(_mm512_loadu_si512(from)); }
};

inline void store(uint8_t* to, int64_t n, Bytes bytes) {
  if (n >= 64)
    _mm512_storeu_si512(to, bytes.v);
  else
    _mm512_mask_storeu_epi8(to, first_bytes(n), bytes.v);
}

struct Words {
  __m512i v;
  Words() = default;
  explicit Words(__m512i value) : v(value) {}
  explicit Words(int16_t value) : v(_mm512_set1_epi16(value)) {}
  static Words load(const int16_t* from) { return Words(_mm512_loadu_si512(from)); }
  static Words load_levels(const uint8_t* from, uint32_t flip) {
    const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
    return Words(_mm512_cvtepu8_epi16(_mm256_xor_si256(bytes, _mm256_set1_epi8(static_cast<char>(flip)))));
  }
  static Words load_signed(const int8_t* from) {
    return Words(_mm512_cvtepi8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from))));
  }
};

inline void store(int32_t* to, Ints a) { _mm512_storeu_si512(to, a.v); }
inline void store(int16_t* to, Words a) { _mm512_storeu_si512(to, a.v); }

inline Floats operator+(Floats a, Floats b) { return Floats(_mm512_add_ps(a.v, b.v)); }
inline Floats operator-(Floats a, Floats b) { return Floats(_mm512_sub_ps(a.v, b.v)); }
inline Floats operator*(Floats a, Floats b) { return Floats(_mm512_mul_ps(a.v, b.v)); }
inline Floats operator/(Floats a, Floats b) { return Floats(_mm512_div_ps(a.v, b.v)); }
inline Floats min(Floats a, Floats b) { return Floats(_mm512_min_ps(a.v, b.v)); }
inline Floats max(Floats a, Floats b) { return Floats(_mm512_max_ps(a.v, b.v)); }
inline Mask operator|(Mask a, Mask b) { return {static_cast<__mmask16>(a.v | b.v)}; }
inline Mask less(Floats a, Floats b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_LT_OQ)}; }
inline Mask is_nan(Floats a) { return {_mm512_cmp_ps_mask(a.v, a.v, _CMP_UNORD_Q)}; }
inline Floats select(Mask mask, Floats a, Floats b) { return Floats(_mm512_mask_mov_ps(b.v, mask.v, a.v)); }
inline Floats look_up(const float (&table)[16], Ints at) {
  return Floats(_mm512_permutexvar_ps(at.v, _mm512_loadu_ps(table)));
}
inline Floats absolute(Floats a) { return Floats(_mm512_andnot_ps(_mm512_set1_ps(-0.0f), a.v)); }
inline Floats negated(Floats a) { return Floats(_mm512_xor_ps(_mm512_set1_ps(-0.0f), a.v)); }
inline Floats copy_sign(Floats magnitude, Floats sign) {
  return Floats(_mm512_or_ps(absolute(magnitude).v, _mm512_and_ps(_mm512_set1_ps(-0.0f), sign.v)));
}
inline Floats times_power(Floats y, Floats shifted) {
  return Floats(_mm512_scalef_ps(y.v, _mm512_sub_ps(shifted.v, _mm512_set1_ps(12582912.0f))));
}
inline Floats square_root(Floats a) { return Floats(_mm512_sqrt_ps(a.v)); }
inline float sum_tree(const Floats (&lanes)[1]) {
  const __m512 all = lanes[0].v;
  const __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(all), _mm512_extractf32x8_ps(all, 1));
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

inline float lowest(Floats a) { return _mm512_reduce_min_ps(a.v); }
inline float highest(Floats a) { return _mm512_reduce_max_ps(a.v); }
inline bool any(Mask mask) { return mask.v != 0; }

inline Ints operator+(Ints a, Ints b) { return Ints(_mm512_add_epi32(a.v, b.v)); }
inline Ints operator-(Ints a, Ints b) { return Ints(_mm512_sub_epi32(a.v, b.v)); }
inline Ints operator*(Ints a, Ints b) { return Ints(_mm512_mullo_epi32(a.v, b.v)); }
inline Ints operator>>(Ints a, int n) { return Ints(_mm512_srai_epi32(a.v, static_cast<unsigned>(n))); }
inline Ints operator<<(Ints a, int n) { return Ints(_mm512_slli_epi32(a.v, static_cast<unsigned>(n))); }
inline Ints bits(Floats a) { return Ints(_mm512_castps_si512(a.v)); }
inline Floats from_bits(Ints a) { return Floats(_mm512_castsi512_ps(a.v)); }
inline Floats to_float(Ints a) { return Floats(_mm512_cvtepi32_ps(a.v)); }
inline Ints rounded(Floats a) { return Ints(_mm512_cvtps_epi32(a.v)); }

inline int32_t total(Ints a) { return _mm512_reduce_add_epi32(a.v); }
inline Ints byte_sums(Bytes a) { return Ints(_mm512_sad_epu8(a.v, _mm512_setzero_si512())); }

inline Bytes operator^(Bytes a, Bytes b) { return Bytes(_mm512_xor_si512(a.v, b.v)); }
inline Bytes max_unsigned(Bytes a, Bytes b) { return Bytes(_mm512_max_epu8(a.v, b.v)); }
inline Bytes max_signed(Bytes a, Bytes b) { return Bytes(_mm512_max_epi8(a.v, b.v)); }

inline Words operator+(Words a, Words b) { return Words(_mm512_add_epi16(a.v, b.v)); }
inline Words operator-(Words a, Words b) { return Words(_mm512_sub_epi16(a.v, b.v)); }
inline Words operator<<(Words a, int n) { return Words(_mm512_slli_epi16(a.v, static_cast<unsigned>(n))); }
inline __m256i half_of(__m512i v, int64_t half) {
  return half == 0 ? _mm512_castsi512_si256(v) : _mm512_extracti64x4_epi64(v, 1);
}
inline Words widened(Bytes a, int64_t half) { return Words(_mm512_cvtepu8_epi16(half_of(a.v, half))); }
inline Ints widened(Words a, int64_t half) { return Ints(_mm512_cvtepu16_epi32(half_of(a.v, half))); }

inline Bytes pack_levels(Ints v0, Ints v1, Ints v2, Ints v3, const Requantize& q) {
  const __m512i zero = _mm512_set1_epi16(static_cast<int16_t>(q.zero_point));
  const __m512i low = _mm512_add_epi16(_mm512_packs_epi32(v0.v, v1.v), zero);
  const __m512i high = _mm512_add_epi16(_mm512_packs_epi32(v2.v, v3.v), zero);
  const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  return Bytes(_mm512_permutexvar_epi32(order, _mm512_packus_epi16(low, high))) ^ Bytes(static_cast<uint8_t>(q.flip));
}
inline __m128i levels16(Ints v, const Requantize& q) {
  const __m128i levels = _mm512_cvtepi32_epi8((v + Ints(q.zero_point)).v);
  return _mm_xor_si128(levels, _mm_set1_epi8(static_cast<char>(q.flip)));
}
inline void store_levels(uint8_t* to, int64_t n, Ints v, const Requantize& q) {
  if (n >= 16)
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), levels16(v, q));
  else
    _mm_mask_storeu_epi8(to, first_lanes(n), levels16(v, q));
}

}  // namespace avx512_lanes

struct Avx512 {
  using Floats = avx512_lanes::Floats;
  using Ints = avx512_lanes::Ints;
  using Words = avx512_lanes::Words;
  using Bytes = avx512_lanes::Bytes;
  static constexpr int64_t kLanes = 16;
};

}  // namespace
}  // namespace octavo
