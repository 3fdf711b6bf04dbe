// The prelu kernel of every vector instruction set V (kernels/vector.h).
#pragma once

#include "kernels/float_functions.h"
#include "kernels/prelu/prelu.h"
#include "kernels/vector.h"

namespace octavo {
namespace {

template <class V>
void prelu_rows(const Block& block) {
  using Floats = typename V::Floats;
  if (!is_contiguous(block, 4)) return reference::prelu(block);
  float_rows<V>(block, [](Floats x, Floats slope) { return prelu(x, slope); });
}

}  // namespace
}  // namespace octavo
