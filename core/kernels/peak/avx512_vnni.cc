// vpdpbusd on sixteen accumulators of 16 lanes: 64 products an instruction.
#include <immintrin.h>

#include <cstdint>

#include "kernels/peak/peak.h"

namespace octavo {

int64_t peak_macs_avx512_vnni(int64_t iterations) {
  constexpr int kChains = 16;
  __m512i acc[kChains];
  for (auto& a : acc) a = _mm512_setzero_si512();
  __m512i x = _mm512_set1_epi8(3), w = _mm512_set1_epi8(5);
  asm("" : "+v"(x), "+v"(w));
  for (int64_t i = 0; i < iterations; ++i) {
#pragma GCC unroll 16
    for (auto& a : acc) {
      a = _mm512_dpbusd_epi32(a, x, w);
      asm("" : "+v"(a));
    }
  }
  return iterations * kChains * 64;
}

}  // namespace octavo
