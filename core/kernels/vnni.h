// The byte product of AVX512-VNNI as kernels use it. Everything has internal linkage.
#pragma once

#include <immintrin.h>

#include <cstdint>
#include <cstring>

namespace octavo {
namespace {

[[gnu::always_inline]] inline __m512i broadcast4(const uint8_t* p) {
  int32_t word;
  std::memcpy(&word, p, sizeof word);
  return _mm512_set1_epi32(word);
}

// The empty asm ties the accumulator to its register: left to itself, gcc 12 moves accumulators through the stack.
[[gnu::always_inline]] inline __m512i dot(__m512i acc, __m512i x, __m512i w) {
  acc = _mm512_dpbusd_epi32(acc, x, w);
  asm("" : "+v"(acc));
  return acc;
}

}  // namespace
}  // namespace octavo
