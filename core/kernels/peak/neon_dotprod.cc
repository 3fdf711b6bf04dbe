// sdot: 16 products an instruction.
#include <arm_neon.h>

#include "kernels/peak/chains.h"
#include "kernels/peak/peak.h"

namespace octavo {
namespace {

struct Product {
  using Sums = int32x4_t;
  static constexpr int kChains = 16, kProducts = 16;
  static Sums zeros() { return vdupq_n_s32(0); }
  static int8x16_t filled(int8_t value) { return vdupq_n_s8(value); }
  static Sums add(Sums acc, int8x16_t x, int8x16_t w) { return vdotq_s32(acc, x, w); }
  template <class V>
  static V hidden(V v) {
    asm volatile("" : "+w"(v));
    return v;
  }
};

}  // namespace

int64_t neon_dotprod::peak_macs(int64_t iterations) { return run_chains<Product>(iterations); }

}  // namespace octavo
