// Packing for exact Winograd convolution: weights in the order in which they are transformed or, transformed, in that
// in which the products read them; and the guard that says for which layers the result is exact.
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
    int8_t byte[64];
  };
  int64_t oc = 0, ic = 0;
  int64_t panels = 0;             // of 32 output channels
  int64_t pairs = 0;              // of input channels
  int64_t chunks = 0;             // of 32 input channels
  bool makes_columns = false;     // whether a run that transforms weights makes columns of taps, not points
  std::vector<Line> weight;       // [panels][pairs][9][32][2] int8, or nothing where `u` has them
  std::vector<Line> u;            // [panels][6][6][pairs][32][2] int16, or nothing: a run transforms weights as it goes
  std::vector<int32_t> start;     // [panels · 32] 576·(bias - zero_point·sum of weights), modulo 2^32
  std::vector<float> multiplier;  // [panels · 32] 1/64 of the layer's

  int64_t u_point() const { return pairs * 2 * kWinogradChannels; }  // elements of a point in a panel
  const int16_t* u_of(int64_t panel, int p, int q) const {
    return reinterpret_cast<const int16_t*>(u.data()) +
           ((panel * kWinogradPoints + p) * kWinogradPoints + q) * u_point();
  }
  const int8_t* weight_of(int64_t panel) const {
    return reinterpret_cast<const int8_t*>(weight.data()) + panel * 9 * u_point();
  }
};

// Bytes of all transformed weights of such a layer.
int64_t winograd_weight_bytes(int64_t oc, int64_t ic);

// Transformed weights are eight times as many bytes as weights. Up to so many they are kept; beyond, reading them from
// memory takes as long as transforming them in every run.
inline constexpr int64_t kMostWinogradWeightBytes = 5 << 18;

// Weights are [oc, ic, 3, 3].
PackedWinograd pack_winograd(const WinogradKernel& kernel, int64_t oc, int64_t ic, const ConvConstants& constants);

}  // namespace octavo
