// vpmaddwd and vpaddd on twelve accumulators: 16 products a pair of instructions.
#include <immintrin.h>

#include <cstdint>

#include "kernels/peak/peak.h"

namespace octavo {
namespace {

inline __m256i step(__m256i acc, __m256i& x, __m256i w) {
  asm volatile("" : "+x"(x));  // keeps the equal products from being computed once
  return _mm256_add_epi32(acc, _mm256_madd_epi16(x, w));
}

// Naming each accumulator keeps them all in registers; "volatile" keeps what nobody reads.
inline void round_of_four(__m256i& a, __m256i& b, __m256i& c, __m256i& d, __m256i& x, __m256i w) {
  a = step(a, x, w);
  b = step(b, x, w);
  c = step(c, x, w);
  d = step(d, x, w);
  asm volatile("" : "+x"(a), "+x"(b), "+x"(c), "+x"(d));
}

}  // namespace

int64_t avx2::peak_macs(int64_t iterations) {
  const __m256i zero = _mm256_setzero_si256();
  __m256i a0 = zero, a1 = zero, a2 = zero, a3 = zero, b0 = zero, b1 = zero, b2 = zero, b3 = zero;
  __m256i c0 = zero, c1 = zero, c2 = zero, c3 = zero;
  __m256i x = _mm256_set1_epi16(3), w = _mm256_set1_epi16(5);
  asm("" : "+x"(x), "+x"(w));
  for (int64_t i = 0; i < iterations; ++i) {
    round_of_four(a0, a1, a2, a3, x, w);
    round_of_four(b0, b1, b2, b3, x, w);
    round_of_four(c0, c1, c2, c3, x, w);
  }
  return iterations * 12 * 16;
}

}  // namespace octavo
