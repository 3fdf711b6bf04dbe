// vpmaddwd and vpaddd on twelve accumulators: 16 products a pair of instructions.
#include <immintrin.h>

#include <cstdint>

#include "kernels/peak/peak.h"

namespace octavo {

int64_t peak_macs_avx2(int64_t iterations) {
  constexpr int kChains = 12;
  __m256i acc[kChains];
  for (auto& a : acc) a = _mm256_setzero_si256();
  __m256i x = _mm256_set1_epi16(3), w = _mm256_set1_epi16(5);
  asm("" : "+x"(x), "+x"(w));
  for (int64_t i = 0; i < iterations; ++i) {
#pragma GCC unroll 16
    for (auto& a : acc) {
      __m256i product = _mm256_madd_epi16(x, w);
      asm("" : "+x"(product));  // keeps the equal products from being computed once
      a = _mm256_add_epi32(a, product);
      asm("" : "+x"(a));
    }
  }
  return iterations * kChains * 16;
}

}  // namespace octavo
