// vpdpbusd on sixteen accumulators of 16 lanes: 64 products an instruction.
#include <immintrin.h>

#include <cstdint>

#include "kernels/peak/peak.h"

namespace octavo {
namespace {

// Naming each accumulator keeps them all in registers; "volatile" keeps what nobody reads.
inline void round_of_four(__m512i& a, __m512i& b, __m512i& c, __m512i& d, __m512i x, __m512i w) {
  a = _mm512_dpbusd_epi32(a, x, w);
  b = _mm512_dpbusd_epi32(b, x, w);
  c = _mm512_dpbusd_epi32(c, x, w);
  d = _mm512_dpbusd_epi32(d, x, w);
  asm volatile("" : "+v"(a), "+v"(b), "+v"(c), "+v"(d));
}

}  // namespace

int64_t avx512_vnni::peak_macs(int64_t iterations) {
  const __m512i zero = _mm512_setzero_si512();
  __m512i a0 = zero, a1 = zero, a2 = zero, a3 = zero, b0 = zero, b1 = zero, b2 = zero, b3 = zero;
  __m512i c0 = zero, c1 = zero, c2 = zero, c3 = zero, d0 = zero, d1 = zero, d2 = zero, d3 = zero;
  __m512i x = _mm512_set1_epi8(3), w = _mm512_set1_epi8(5);
  asm("" : "+v"(x), "+v"(w));
  for (int64_t i = 0; i < iterations; ++i) {
    round_of_four(a0, a1, a2, a3, x, w);
    round_of_four(b0, b1, b2, b3, x, w);
    round_of_four(c0, c1, c2, c3, x, w);
    round_of_four(d0, d1, d2, d3, x, w);
  }
  return iterations * 16 * 64;
}

}  // namespace octavo
