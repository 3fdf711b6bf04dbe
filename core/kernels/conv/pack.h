// Packing: a layer's weights in the order in which the kernels read them, and what belongs to their lanes.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/conv/table.h"
#include "kernels/conv/weight_sums.h"

namespace octavo {

// oc output channels in all; ic input channels a group.
struct ConvSizes {
  int64_t oc = 0, ic = 0, kh = 1, kw = 1, groups = 1;
  // Whether a segment is a whole row of the window (kw·ic bytes that lie side by side) or one of its pixels (ic bytes).
  // Where ic is a multiple of four both pack to the same bytes.
  bool joined = false;
};

// What is folded into the constants of a lane.
struct ConvConstants {
  std::span<const int8_t> weight;  // [oc, ic, kh, kw]
  std::span<const int32_t> bias;
  std::span<const float> multiplier;
  std::span<const WeightSums> sums;
  int32_t zero_point = 0;  // of x, on the uint8 side
};

struct ConvPanel {
  const ConvRow* row = nullptr;
  int64_t x_offset = 0;  // first input channel
  int64_t channel = 0, channels = 0;
  int64_t weight = 0;  // where its weights begin in `weight`, in bytes
  int64_t lane = 0;    // where its lanes begin in `bias` and `multiplier`
  int64_t excess = 0;  // where its lists begin in `excess`, if its kernel has any
};

struct PackedConv {
  struct alignas(64) Line {
    int8_t byte[64];
  };
  int64_t segments = 0, steps = 0;  // of the window, and of a segment in units of four bytes
  int mr = 0;                       // pixels of a tile that every panel's kernel can take
  std::vector<ConvPanel> panels;
  std::vector<Line> weight;
  std::vector<int8_t> excess;  // see excess.h
  std::vector<int32_t> bias;
  std::vector<float> multiplier;
};

// `plain`: x is uint8, and so is the output, which ConvOutput calls plain.
PackedConv pack_conv(Isa isa, const ConvSizes& sizes, const ConvConstants& constants, bool plain);

}  // namespace octavo
