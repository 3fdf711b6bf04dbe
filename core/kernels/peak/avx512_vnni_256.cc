// vpdpbusd on 256 bits, in EVEX: 32 products an instruction.
#include <immintrin.h>

#include "kernels/peak/chains.h"
#include "kernels/peak/peak.h"

namespace octavo {
namespace {

struct Product {
  using Sums = __m256i;
  static constexpr int kChains = 8, kProducts = 32;
  static Sums zeros() { return _mm256_setzero_si256(); }
  static Sums filled(int8_t value) { return _mm256_set1_epi8(value); }
  static Sums add(Sums acc, Sums x, Sums w) { return _mm256_dpbusd_epi32(acc, x, w); }
  [[gnu::always_inline]] static Sums hidden(Sums v) {
    asm volatile("" : "+v"(v));
    return v;
  }
};

}  // namespace

int64_t avx512_vnni::peak_macs_256(int64_t iterations) { return run_chains<Product>(iterations); }

}  // namespace octavo
