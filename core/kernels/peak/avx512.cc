// vpmaddubsw, vpmaddwd and vpaddd: 64 products for three instructions.
#include <immintrin.h>

#include "kernels/peak/chains.h"
#include "kernels/peak/peak.h"

namespace octavo {
namespace {

struct Product {
  using Sums = __m512i;
  static constexpr int kChains = 16, kProducts = 64;
  static Sums zeros() { return _mm512_setzero_si512(); }
  static Sums filled(int8_t value) { return _mm512_set1_epi8(value); }
  static Sums add(Sums acc, Sums x, Sums w) {
    const Sums pairs = _mm512_maddubs_epi16(x, w);
    return _mm512_add_epi32(acc, _mm512_madd_epi16(pairs, _mm512_set1_epi16(1)));
  }
  [[gnu::always_inline]] static Sums hidden(Sums v) {
    asm volatile("" : "+v"(v));
    return v;
  }
};

}  // namespace

int64_t avx512::peak_macs(int64_t iterations) { return run_chains<Product>(iterations); }

}  // namespace octavo
