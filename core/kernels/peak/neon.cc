// smlal: 4 products an instruction.
#include <arm_neon.h>

#include "kernels/peak/chains.h"
#include "kernels/peak/peak.h"

namespace octavo {
namespace {

struct Product {
  using Sums = int32x4_t;
  static constexpr int kChains = 16, kProducts = 4;
  static Sums zeros() { return vdupq_n_s32(0); }
  static int16x4_t filled(int16_t value) { return vdup_n_s16(value); }
  static Sums add(Sums acc, int16x4_t x, int16x4_t w) { return vmlal_s16(acc, x, w); }
  template <class V>
  static V hidden(V v) {
    asm volatile("" : "+w"(v));
    return v;
  }
};

}  // namespace

int64_t neon::peak_macs(int64_t iterations) { return run_chains<Product>(iterations); }

}  // namespace octavo
