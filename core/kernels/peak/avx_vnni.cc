// vpdpbusd on 256 bits, in VEX: 32 products an instruction.
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
  static Sums add(Sums acc, Sums x, Sums w) { return _mm256_dpbusd_avx_epi32(acc, x, w); }
  [[gnu::always_inline]] static Sums hidden(Sums v) {
    asm volatile("" : "+v"(v));
    return v;
  }
};

}  // namespace

// In the encoding that the machine has.
int64_t avx_vnni::peak_macs(int64_t iterations) {
  return __builtin_cpu_supports("avxvnni") ? run_chains<Product>(iterations) : avx512_vnni::peak_macs_256(iterations);
}

}  // namespace octavo
