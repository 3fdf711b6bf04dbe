// 8 lanes of AVX2: loads and stores of rows. Everything has internal linkage.
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "kernels/elementwise.h"

namespace octavo {
namespace {

constexpr int64_t kLanes = 8;

inline const float* floats(const uint8_t* address) { return reinterpret_cast<const float*>(address); }
inline float* floats(uint8_t* address) { return reinterpret_cast<float*>(address); }

inline __m256i first_lanes(int64_t n) {
  const int32_t count = n > 8 ? 8 : static_cast<int32_t>(n);
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

// Up to 8 floats; nothing past the n-th is touched.
inline __m256 load_floats(const float* from, int64_t n) {
  return n >= 8 ? _mm256_loadu_ps(from) : _mm256_maskload_ps(from, first_lanes(n));
}
inline void store_floats(float* to, int64_t n, __m256 value) {
  if (n >= 8)
    _mm256_storeu_ps(to, value);
  else
    _mm256_maskstore_ps(to, first_lanes(n), value);
}

inline void store_bytes(uint8_t* to, int64_t n, __m256i bytes) {
  if (n >= 32) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), bytes);
    return;
  }
  alignas(32) uint8_t buffer[32];
  _mm256_store_si256(reinterpret_cast<__m256i*>(buffer), bytes);
  for (int64_t i = 0; i < n; ++i) to[i] = buffer[i];
}

// f(q - zero_point) of 8 bytes.
inline __m256 load_levels(const uint8_t* from, Levels levels) {
  const __m128i flip = _mm_set1_epi8(static_cast<char>(levels.flip));
  const __m128i bytes = _mm_xor_si128(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from)), flip);
  return _mm256_cvtepi32_ps(_mm256_sub_epi32(_mm256_cvtepu8_epi32(bytes), _mm256_set1_epi32(levels.zero_point)));
}

// max_ps gives its second operand where one is NaN.
inline __m256i round_clamped(__m256 value, Requantize q) {
  value = _mm256_min_ps(_mm256_max_ps(value, _mm256_set1_ps(q.low)), _mm256_set1_ps(q.high));
  return _mm256_cvtps_epi32(value);
}

// 32 bytes in order from four times 8 rounded values.
inline __m256i pack_levels(__m256i v0, __m256i v1, __m256i v2, __m256i v3, Requantize q) {
  const __m256i zero = _mm256_set1_epi16(static_cast<int16_t>(q.zero_point));
  const __m256i flip = _mm256_set1_epi8(static_cast<char>(q.flip));
  const __m256i low = _mm256_add_epi16(_mm256_packs_epi32(v0, v1), zero);
  const __m256i high = _mm256_add_epi16(_mm256_packs_epi32(v2, v3), zero);
  const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
  return _mm256_xor_si256(_mm256_permutevar8x32_epi32(_mm256_packus_epi16(low, high), order), flip);
}

// y[0..n) from value(i, left), 8 floats from element i on, of which `left` (or more than 8) count.
template <class Value>
inline void requantize_row(uint8_t* y, int64_t n, Requantize q, Value value) {
  int64_t i = 0;
  for (; i + 32 <= n; i += 32) {
    const __m256i bytes =
        pack_levels(round_clamped(value(i, kLanes), q), round_clamped(value(i + 8, kLanes), q),
                    round_clamped(value(i + 16, kLanes), q), round_clamped(value(i + 24, kLanes), q), q);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(y + i), bytes);
  }
  const __m256i none = _mm256_setzero_si256();
  for (; i < n; i += 8) {
    const __m256i bytes = pack_levels(round_clamped(value(i, n - i), q), none, none, none, q);
    store_bytes(y + i, n - i < 8 ? n - i : 8, bytes);
  }
}

template <class Value>
inline void float_row(float* y, int64_t n, Value value) {
  int64_t i = 0;
  for (; i + 8 <= n; i += 8) _mm256_storeu_ps(y + i, value(i, kLanes));
  if (i < n) store_floats(y + i, n - i, value(i, n - i));
}

}  // namespace
}  // namespace octavo
