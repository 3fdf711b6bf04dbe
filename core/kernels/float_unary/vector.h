// The float functions of every vector instruction set V (kernels/vector.h).
#pragma once

#include "kernels/float_unary/float_unary.h"
#include "kernels/several.h"
#include "kernels/vector.h"

namespace octavo {
namespace {

template <class V>
void float_unary_rows(FloatFunction function, const FloatParameters& parameters, const Block& block) {
  using Floats = typename V::Floats;
  if (block.stride[0] != 4 || block.stride[1] != 4) return reference::float_unary(function, parameters, block);
  with_function(function, [&]<FloatFunction chosen>() {
    // What is looked up takes registers from the vectors in flight.
    using Group = Several<Floats, chosen == FloatFunction::gelu ? 4 : 6>;
    for (int64_t row = 0; row < block.rows; ++row) {
      const float* x = floats(block.data[1] + row * block.row_stride[1]);
      float* y = floats(block.data[0] + row * block.row_stride[0]);
      int64_t i = 0;
      for (; i + Group::kLanes <= block.count; i += Group::kLanes)
        store(y + i, apply<chosen>(Group::load(x + i), parameters));
      float_row<V>(y + i, block.count - i,
                   [&](int64_t at, int64_t left) { return apply<chosen>(Floats::load(x + i + at, left), parameters); });
    }
  });
}

}  // namespace
}  // namespace octavo
