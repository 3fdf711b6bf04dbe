// 16 lanes of AVX-512 (F, BW, DQ, VL): loads and stores of rows. Everything has internal linkage.
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "kernels/elementwise.h"

namespace octavo {
namespace {

constexpr int64_t kLanes = 16;

inline __mmask16 first_lanes(int64_t n) { return n >= 16 ? 0xffff : static_cast<__mmask16>((1u << n) - 1); }
inline __mmask64 first_bytes(int64_t n) { return n >= 64 ? ~0ull : (1ull << n) - 1; }

inline const float* floats(const uint8_t* address) { return reinterpret_cast<const float*>(address); }
inline float* floats(uint8_t* address) { return reinterpret_cast<float*>(address); }

// Up to 16 floats; nothing past the n-th is touched.
inline __m512 load_floats(const float* from, int64_t n) { return _mm512_maskz_loadu_ps(first_lanes(n), from); }
inline void store_floats(float* to, int64_t n, __m512 value) { _mm512_mask_storeu_ps(to, first_lanes(n), value); }

// f(q - zero_point) of 16 bytes.
inline __m512 load_levels(const uint8_t* from, Levels levels) {
  const __m128i flip = _mm_set1_epi8(static_cast<char>(levels.flip));
  const __m128i bytes = _mm_xor_si128(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)), flip);
  return _mm512_cvtepi32_ps(_mm512_sub_epi32(_mm512_cvtepu8_epi32(bytes), _mm512_set1_epi32(levels.zero_point)));
}

// max_ps gives its second operand where one is NaN.
inline __m512i round_clamped(__m512 value, Requantize q) {
  value = _mm512_min_ps(_mm512_max_ps(value, _mm512_set1_ps(q.low)), _mm512_set1_ps(q.high));
  return _mm512_cvtps_epi32(value);
}

inline __m128i requantize16(__m512 value, Requantize q) {
  const __m512i level = _mm512_add_epi32(round_clamped(value, q), _mm512_set1_epi32(q.zero_point));
  return _mm_xor_si128(_mm512_cvtepi32_epi8(level), _mm_set1_epi8(static_cast<char>(q.flip)));
}

// y[0..n) from value(i, left), 16 floats from element i on, of which `left` (or more than 16) count.
template <class Value>
inline void requantize_row(uint8_t* y, int64_t n, Requantize q, Value value) {
  const __m512i zero = _mm512_set1_epi16(static_cast<int16_t>(q.zero_point));
  const __m512i flip = _mm512_set1_epi8(static_cast<char>(q.flip));
  const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  int64_t i = 0;
  for (; i + 64 <= n; i += 64) {
    const __m512i low = _mm512_packs_epi32(round_clamped(value(i, kLanes), q), round_clamped(value(i + 16, kLanes), q));
    const __m512i high =
        _mm512_packs_epi32(round_clamped(value(i + 32, kLanes), q), round_clamped(value(i + 48, kLanes), q));
    const __m512i bytes = _mm512_packus_epi16(_mm512_add_epi16(low, zero), _mm512_add_epi16(high, zero));
    _mm512_storeu_si512(y + i, _mm512_xor_si512(_mm512_permutexvar_epi32(order, bytes), flip));
  }
  for (; i < n; i += 16) _mm_mask_storeu_epi8(y + i, first_lanes(n - i), requantize16(value(i, n - i), q));
}

template <class Value>
inline void float_row(float* y, int64_t n, Value value) {
  int64_t i = 0;
  for (; i + 16 <= n; i += 16) _mm512_storeu_ps(y + i, value(i, kLanes));
  if (i < n) store_floats(y + i, n - i, value(i, n - i));
}

}  // namespace
}  // namespace octavo
