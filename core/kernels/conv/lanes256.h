// 256-bit vectors as bytes.h and words.h ask for them, without a product of bytes that does not saturate.
#pragma once

#include <immintrin.h>

#include <cstdint>
#include <cstring>

namespace octavo {
namespace {

struct Lanes256 {
  using Vector = __m256i;
  static constexpr int kLanes = 8;
  static constexpr bool kSaturates = true;

  static Vector load(const void* p) { return _mm256_loadu_si256(static_cast<const __m256i*>(p)); }
  static void store(void* p, Vector a) { _mm256_storeu_si256(static_cast<__m256i*>(p), a); }
  static Vector broadcast(const void* p) {
    int32_t word;
    std::memcpy(&word, p, sizeof word);
    return _mm256_set1_epi32(word);
  }
  static Vector flipped(Vector x) { return _mm256_xor_si256(x, _mm256_set1_epi8(static_cast<char>(0x80))); }
  static Vector widened(const int8_t* w) {
    return _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(w)));
  }
  static Vector add(Vector a, Vector b) { return _mm256_add_epi32(a, b); }
  static Vector add16(Vector a, Vector b) { return _mm256_add_epi16(a, b); }
  static Vector madd(Vector x, Vector w) { return _mm256_madd_epi16(x, w); }
  static Vector multiply(Vector x, Vector w) { return _mm256_maddubs_epi16(x, w); }
  static Vector widened_sum(Vector sums) { return madd(sums, _mm256_set1_epi16(1)); }
  static Vector dot(Vector acc, Vector x, Vector w) { return add(acc, widened_sum(multiply(x, w))); }
};

}  // namespace
}  // namespace octavo
