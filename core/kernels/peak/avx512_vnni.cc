// vpdpbusd: 64 products an instruction.
#include <immintrin.h>

#include "kernels/peak/chains.h"
#include "kernels/peak/peak.h"

namespace octavo {
namespace {

struct Product {
  using Sums = __m512i;
  static constexpr int kChains = 16, kProducts = 64;
  static Sums zeros() { return _mm512_setzero_si512(); }
  static __m512i filled(int8_t value) { return _mm512_set1_epi8(value); }
  static Sums add(Sums acc, __m512i x, __m512i w) { return _mm512_dpbusd_epi32(acc, x, w); }
  [[gnu::always_inline]] static Sums hidden(Sums v) {
    asm volatile("" : "+v"(v));
    return v;
  }
};

}  // namespace

int64_t avx512_vnni::peak_macs(int64_t iterations) { return run_chains<Product>(iterations); }

}  // namespace octavo
