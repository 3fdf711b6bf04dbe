// Packing for exact Winograd convolution: transformed weights in the order in which the products read them, and the
// guard that says for which layers the result is exact.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/conv/pack.h"
#include "kernels/winograd/winograd.h"

namespace octavo {

// Whether a 3 x 3 layer is exact whatever x is: every accumulator within [-2^25, 2^25), and no multiplier so small that
// a 64th of it would be rounded. `constants` is what pack_conv takes.
bool is_winograd_exact(const ConvConstants& constants);

struct PackedWinograd {
  struct alignas(64) Line {
    int16_t word[32];
  };
  int64_t oc = 0, ic = 0;
  int64_t panels = 0;             // of 32 output channels
  int64_t pairs = 0;              // of input channels
  int64_t chunks = 0;             // of 32 input channels
  std::vector<Line> u;            // [panels][6][6][pairs][32][2] int16
  std::vector<int32_t> start;     // [panels · 32] 576·(bias - zero_point·sum of weights), modulo 2^32
  std::vector<float> multiplier;  // [panels · 32] 1/64 of the layer's

  const int16_t* u_of(int64_t panel, int p, int q) const {
    return u[static_cast<size_t>(((panel * kWinogradPoints + p) * kWinogradPoints + q) * pairs * 2)].word;
  }
};

// Weights are [oc, ic, 3, 3].
PackedWinograd pack_winograd(int64_t oc, int64_t ic, const ConvConstants& constants);

}  // namespace octavo
