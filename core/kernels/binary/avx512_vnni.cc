#include "kernels/avx512.h"
#include "kernels/binary/binary.h"

namespace octavo::avx512_vnni {
namespace {

// One row of an 8-bit input as floats f(q - zero_point), or its one element again and again.
class LevelsRow {
 public:
  LevelsRow(const Block& block, int operand, int64_t row, const Levels& levels)
      : from_(block.data[operand] + row * block.row_stride[operand]),
        levels_(levels),
        repeats_(block.stride[operand] == 0),
        first_(_mm512_set1_ps(static_cast<float>(static_cast<int32_t>(*from_ ^ levels.flip) - levels.zero_point))) {}
  __m512 operator()(int64_t i, int64_t) const { return repeats_ ? first_ : load_levels(from_ + i, levels_); }

 private:
  const uint8_t* from_;
  const Levels levels_;
  const bool repeats_;
  const __m512 first_;
};

class FloatRow {
 public:
  FloatRow(const Block& block, int operand, int64_t row)
      : from_(floats(block.data[operand] + row * block.row_stride[operand])),
        repeats_(block.stride[operand] == 0),
        first_(_mm512_set1_ps(*from_)) {}
  __m512 operator()(int64_t i, int64_t left) const { return repeats_ ? first_ : load_floats(from_ + i, left); }

 private:
  const float* from_;
  const bool repeats_;
  const __m512 first_;
};

bool is_contiguous(const Block& block, int64_t item_size) {
  const auto fits = [&](int64_t stride) { return stride == item_size || stride == 0; };
  return block.stride[0] == item_size && fits(block.stride[1]) && fits(block.stride[2]);
}

template <class Combine>
void requantize_rows(const Block& block, const Levels& a, const Levels& b, const Requantize& y, Combine combine) {
  for (int64_t row = 0; row < block.rows; ++row) {
    const LevelsRow row_a(block, 1, row, a), row_b(block, 2, row, b);
    requantize_row(block.data[0] + row * block.row_stride[0], block.count, y,
                   [&](int64_t i, int64_t left) { return combine(row_a(i, left), row_b(i, left)); });
  }
}

template <class Combine>
void float_rows(const Block& block, Combine combine) {
  for (int64_t row = 0; row < block.rows; ++row) {
    const FloatRow a(block, 1, row), b(block, 2, row);
    float_row(floats(block.data[0] + row * block.row_stride[0]), block.count,
              [&](int64_t i, int64_t left) { return combine(a(i, left), b(i, left)); });
  }
}

}  // namespace

void add(const AddParams& p, const Block& block) {
  if (!is_contiguous(block, 1)) return reference::add(p, block);
  const __m512 m_a = _mm512_set1_ps(p.m_a), m_b = _mm512_set1_ps(p.m_b);
  requantize_rows(block, p.a, p.b, p.y,
                  [&](__m512 a, __m512 b) { return _mm512_add_ps(_mm512_mul_ps(a, m_a), _mm512_mul_ps(b, m_b)); });
}

// The product of two levels, below 2^17, is exact in float32.
void mul(const MulParams& p, const Block& block) {
  if (!is_contiguous(block, 1)) return reference::mul(p, block);
  const __m512 m = _mm512_set1_ps(p.m);
  requantize_rows(block, p.a, p.b, p.y, [&](__m512 a, __m512 b) { return _mm512_mul_ps(_mm512_mul_ps(a, b), m); });
}

void add_float(const Block& block) {
  if (!is_contiguous(block, 4)) return reference::add_float(block);
  float_rows(block, [](__m512 a, __m512 b) { return _mm512_add_ps(a, b); });
}

void mul_float(const Block& block) {
  if (!is_contiguous(block, 4)) return reference::mul_float(block);
  float_rows(block, [](__m512 a, __m512 b) { return _mm512_mul_ps(a, b); });
}

}  // namespace octavo::avx512_vnni
