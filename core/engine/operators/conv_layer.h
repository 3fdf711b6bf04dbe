// The numbers of an 8-bit convolution or linear layer, whatever the shapes: what its operator owns and its steps share.
#pragma once

#include <span>
#include <vector>

#include "engine/operators/conv_walk.h"
#include "engine/spec.h"
#include "kernels/conv/pack.h"

namespace octavo {

// What the spec of a conv or linear says, before weights are packed. Its spans are views of the spec.
struct ConvNumbers {
  ConvOutput out;
  uint8_t x_flip = 0;  // 0x80 where x is int8
  int64_t y_item = 1;  // bytes of an element of y
  std::vector<float> multiplier;
  std::span<const int8_t> weight;  // [oc, ic, kh, kw]
  std::span<const int32_t> bias;
  std::vector<WeightSums> sums;
  int32_t zero_point = 0;  // of x, on the uint8 side

  ConvConstants constants() const { return {weight, bias, multiplier, sums, zero_point}; }
};

// Reads the types, clamps and constants of `spec` (a conv or linear whose x is uint8 or int8).
// Throws std::invalid_argument.
ConvNumbers read_conv_numbers(const OperatorSpec& spec, const ConvSizes& sizes);

struct ConvLayer {
  PackedConv packed;
  ConvOutput out;
  uint8_t x_flip = 0;  // 0x80 where x is int8
  int64_t y_item = 1;  // bytes of an element of y
  ConvWalk walk;
};

// Reads `spec` and packs its weights. Throws std::invalid_argument.
ConvLayer make_conv_layer(const OperatorSpec& spec, const ConvSizes& sizes);

}  // namespace octavo
