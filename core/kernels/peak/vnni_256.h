// vpdpbusd on 256 bits, 32 products an instruction, in either of its encodings: Dot::dot(acc, x, w). Everything has
// internal linkage.
#pragma once

#include <immintrin.h>

#include "kernels/peak/chains.h"

namespace octavo {
namespace {

template <class Dot>
struct Product256 {
  using Sums = __m256i;
  static constexpr int kChains = 8, kProducts = 32;
  static Sums zeros() { return _mm256_setzero_si256(); }
  static Sums filled(int8_t value) { return _mm256_set1_epi8(value); }
  static Sums add(Sums acc, Sums x, Sums w) { return Dot::dot(acc, x, w); }
  [[gnu::always_inline]] static Sums hidden(Sums v) {
    asm volatile("" : "+v"(v));
    return v;
  }
};

}  // namespace
}  // namespace octavo
