// What the convolution kernels for AVX512-VNNI share. Everything has internal linkage.
#pragma once

#include <immintrin.h>

#include <cstdint>
#include <cstring>

namespace octavo {
namespace {

// f(0), f(1), … with constant indices from the start: only then does gcc keep an array of accumulators in registers.
template <int N>
struct Index {
  constexpr operator int() const { return N; }
};
template <int N, class F>
[[gnu::always_inline]] inline void unroll(const F& f) {
  if constexpr (N > 0) {
    unroll<N - 1>(f);
    f(Index<N - 1>{});
  }
}

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

[[gnu::always_inline]] inline __mmask64 first(int64_t count) {
  return count >= 64 ? ~__mmask64{0} : count <= 0 ? __mmask64{0} : (__mmask64{1} << count) - 1;
}

[[gnu::always_inline]] inline __m512i constant(const void* p) { return _mm512_load_si512(p); }

}  // namespace
}  // namespace octavo
