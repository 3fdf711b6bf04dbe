// vpmaddubsw, vpmaddwd and vpaddd: 32 products for three instructions.
#include <immintrin.h>

#include "kernels/peak/chains.h"
#include "kernels/peak/peak.h"

namespace octavo {
namespace {

struct Product {
  using Sums = __m256i;
  static constexpr int kChains = 12, kProducts = 32;
  static Sums zeros() { return _mm256_setzero_si256(); }
  static Sums filled(int8_t value) { return _mm256_set1_epi8(value); }
  static Sums add(Sums acc, Sums x, Sums w) {
    const Sums pairs = _mm256_maddubs_epi16(x, w);
    return _mm256_add_epi32(acc, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
  }
  [[gnu::always_inline]] static Sums hidden(Sums v) {
    asm volatile("" : "+x"(v));
    return v;
  }
};

}  // namespace

int64_t avx2::peak_macs(int64_t iterations) { return run_chains<Product>(iterations); }

}  // namespace octavo
