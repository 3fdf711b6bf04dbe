// The kernels of two float32 tensors of every vector instruction set V (kernels/vector.h).
#pragma once

#include "kernels/float_binary/float_binary.h"
#include "kernels/vector.h"

namespace octavo {
namespace {

template <class V>
void combine(FloatBinary function, const Block& block) {
  if (!is_contiguous(block, 4)) return reference::kFloatBinary.combine(function, block);
  with_combination(function, [&](auto combination) { float_rows<V>(block, combination); });
}

template <class V>
void where_rows(const Block& block) {
  if (!is_contiguous(block, 4)) return reference::kFloatBinary.where(block);
  for (int64_t row = 0; row < block.rows; ++row) {
    const FloatRow<V> condition(block, 1, row), a(block, 2, row), b(block, 3, row);
    float_row<V>(floats(block.data[0] + row * block.row_stride[0]), block.count,
                 [&](int64_t i, int64_t left) { return where(condition(i, left), a(i, left), b(i, left)); });
  }
}

}  // namespace
}  // namespace octavo
