// The binary kernels of every vector instruction set V (kernels/vector.h).
#pragma once

#include "kernels/binary/binary.h"
#include "kernels/vector.h"

namespace octavo {
namespace {

// One row of an 8-bit input as floats f(q - zero_point), or its one element again and again.
template <class V>
class LevelsRow {
 public:
  using Floats = typename V::Floats;
  LevelsRow(const Block& block, int operand, int64_t row, const Levels& levels)
      : from_(block.data[operand] + row * block.row_stride[operand]),
        levels_(levels),
        repeats_(block.stride[operand] == 0),
        first_(static_cast<float>(static_cast<int32_t>(*from_ ^ levels.flip) - levels.zero_point)) {}
  Floats operator()(int64_t i, int64_t) const { return repeats_ ? first_ : load_levels<V>(from_ + i, levels_); }

 private:
  const uint8_t* from_;
  const Levels levels_;
  const bool repeats_;
  const Floats first_;
};

template <class V, class Combine>
void requantize_rows(const Block& block, const Levels& a, const Levels& b, const Requantize& y, Combine combine) {
  for (int64_t row = 0; row < block.rows; ++row) {
    const LevelsRow<V> row_a(block, 1, row, a), row_b(block, 2, row, b);
    requantize_row<V>(block.data[0] + row * block.row_stride[0], block.count, y,
                      [&](int64_t i, int64_t left) { return combine(row_a(i, left), row_b(i, left)); });
  }
}

template <class V>
void add(const AddParams& p, const Block& block) {
  using Floats = typename V::Floats;
  if (!is_contiguous(block, 1)) return reference::kBinary.add(p, block);
  const Floats m_a(p.m_a), m_b(p.m_b);
  requantize_rows<V>(block, p.a, p.b, p.y, [&](Floats a, Floats b) { return a * m_a + b * m_b; });
}

// The product of two levels, below 2^17, is exact in float32.
template <class V>
void mul(const MulParams& p, const Block& block) {
  using Floats = typename V::Floats;
  if (!is_contiguous(block, 1)) return reference::kBinary.mul(p, block);
  const Floats m(p.m);
  requantize_rows<V>(block, p.a, p.b, p.y, [&](Floats a, Floats b) { return a * b * m; });
}

}  // namespace
}  // namespace octavo
