// The loop of vnni_256.h in VEX.
#include "kernels/peak/peak.h"
#include "kernels/peak/vnni_256.h"

namespace octavo {
namespace {

struct Dot {
  static __m256i dot(__m256i acc, __m256i x, __m256i w) { return _mm256_dpbusd_avx_epi32(acc, x, w); }
};

}  // namespace

// In the encoding that the machine has.
int64_t avx_vnni::peak_macs(int64_t iterations) {
  return __builtin_cpu_supports("avxvnni") ? run_chains<Product256<Dot>>(iterations)
                                           : avx512_vnni::peak_macs_256(iterations);
}

}  // namespace octavo
