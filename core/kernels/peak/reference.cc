#include "kernels/peak/peak.h"

namespace octavo {

int64_t reference::peak_macs(int64_t iterations) {
  constexpr int kChains = 8;
  uint32_t acc[kChains] = {};
  uint32_t x = 3, w = 5;
  for (int64_t i = 0; i < iterations; ++i) {
#pragma GCC unroll 8
    for (int c = 0; c < kChains; ++c) {
      acc[c] += x * w;
      asm volatile("" : "+r"(acc[c]));  // one multiply and one add a round: nothing to fold
    }
  }
  return iterations * kChains;
}

}  // namespace octavo
