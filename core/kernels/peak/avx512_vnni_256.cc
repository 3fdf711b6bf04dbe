// The loop of vnni_256.h in EVEX.
#include "kernels/peak/peak.h"
#include "kernels/peak/vnni_256.h"

namespace octavo {
namespace {

struct Dot {
  static __m256i dot(__m256i acc, __m256i x, __m256i w) { return _mm256_dpbusd_epi32(acc, x, w); }
};

}  // namespace

int64_t avx512_vnni::peak_macs_256(int64_t iterations) { return run_chains<Product256<Dot>>(iterations); }

}  // namespace octavo
