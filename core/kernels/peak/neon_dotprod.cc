// sdot on sixteen accumulators: 16 products an instruction.
#include <arm_neon.h>

#include "kernels/peak/peak.h"

namespace octavo {

int64_t neon_dotprod::peak_macs(int64_t iterations) {
  constexpr int kChains = 16;
  int32x4_t acc[kChains];
  for (int32x4_t& chain : acc) chain = vdupq_n_s32(0);
  int8x16_t x = vdupq_n_s8(3), w = vdupq_n_s8(5);
  asm("" : "+w"(x), "+w"(w));
  for (int64_t i = 0; i < iterations; ++i) {
#pragma GCC unroll 16
    for (int c = 0; c < kChains; ++c) {
      acc[c] = vdotq_s32(acc[c], x, w);
      asm volatile("" : "+w"(acc[c]));  // keeps what nobody reads
    }
  }
  return iterations * kChains * 16;
}

}  // namespace octavo
