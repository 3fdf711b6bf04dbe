// The numbers of an 8-bit convolution or linear layer, whatever the shapes: what its operator owns and its steps share.
#pragma once

#include "engine/operators/conv_walk.h"
#include "engine/spec.h"
#include "kernels/conv/pack.h"

namespace octavo {

struct ConvLayer {
  PackedConv packed;
  ConvOutput out;
  uint8_t x_flip = 0;  // 0x80 where x is int8
  int64_t y_item = 1;  // bytes of an element of y
  ConvWalk walk;
};

// Reads the types, clamps and constants of `spec` (a conv or linear whose x is uint8 or int8) and packs its weights.
// Throws std::invalid_argument.
ConvLayer make_conv_layer(const OperatorSpec& spec, const ConvSizes& sizes);

}  // namespace octavo
