// What vector kernels do to rows of elements, written once for every instruction set.
//
// V is an instruction set: Avx2 or Avx512, from the header of that name. V::Floats and V::Ints are V::kLanes lanes of
// 32 bits, V::Words twice as many of 16 bits, V::Bytes four times as many of 8 bits; each can be made of one value for
// all lanes. Beside what float_math.h lists there are, found by name:
//   load(from, n), first(n)     of Floats: up to kLanes floats (the others are 0), and the mask of the first n lanes
//   load_levels(from, flip)     of Ints: kLanes bytes, each ^ flip
//   store(to, n, a)             up to all lanes of Floats or Bytes; nothing past the n-th is touched
//   max_unsigned(a, b), max_signed(a, b) of Bytes
//   widened(a, half)            of half 0 or 1 of the lanes of Bytes or Words, as unsigned numbers
//   rounded(a)                  to the nearest Ints, ties to even
//   lowest(a), highest(a)       of the lanes of Floats without NaN; any(mask); total(a), the sum of the lanes of Ints
//   byte_sums(a)                Ints whose total is the sum of Bytes
//   sum_tree(lanes)             16 lanes, in 16 / kLanes registers, added as a tree: j with j + 8, j + 4, j + 2, j + 1
//   pack_levels(a, b, c, d, q)  Bytes in order from rounded values; store_levels(to, n, a, q), up to kLanes of them
// Everything has internal linkage, V too: a translation unit has its own copy of every template, compiled for its
// instruction set, and the linker cannot give it to an older machine.
#pragma once

#include <cstdint>

#include "kernels/elementwise.h"

namespace octavo {
namespace {

inline const float* floats(const uint8_t* address) { return reinterpret_cast<const float*>(address); }
inline float* floats(uint8_t* address) { return reinterpret_cast<float*>(address); }

// f(q - zero_point) of kLanes bytes.
template <class V>
inline typename V::Floats load_levels(const uint8_t* from, const Levels& levels) {
  return to_float(V::Ints::load_levels(from, levels.flip) - typename V::Ints(levels.zero_point));
}

// NaN gives q.low.
template <class Floats>
inline auto round_clamped(Floats value, const Requantize& q) {
  return rounded(min(max(value, Floats(q.low)), Floats(q.high)));
}

// y[0..n) from value(i, left), the Floats from element i on, of which `left` (or more than kLanes) count.
template <class V, class Value>
inline void requantize_row(uint8_t* y, int64_t n, Requantize q, Value value) {
  constexpr int64_t kLanes = V::kLanes;
  const auto levels = [&](int64_t i, int64_t left) { return round_clamped(value(i, left), q); };
  int64_t i = 0;
  for (; i + 4 * kLanes <= n; i += 4 * kLanes)
    store(y + i, 4 * kLanes,
          pack_levels(levels(i, kLanes), levels(i + kLanes, kLanes), levels(i + 2 * kLanes, kLanes),
                      levels(i + 3 * kLanes, kLanes), q));
  for (; i < n; i += kLanes) store_levels(y + i, n - i, levels(i, n - i), q);
}

template <class V, class Value>
inline void float_row(float* y, int64_t n, Value value) {
  int64_t i = 0;
  for (; i + V::kLanes <= n; i += V::kLanes) store(y + i, value(i, V::kLanes));
  if (i < n) store(y + i, n - i, value(i, n - i));
}

// One row of a float input, or its one element again and again.
template <class V>
class FloatRow {
 public:
  using Floats = typename V::Floats;
  FloatRow(const Block& block, int operand, int64_t row)
      : from_(floats(block.data[operand] + row * block.row_stride[operand])),
        repeats_(block.stride[operand] == 0),
        first_(*from_) {}
  Floats operator()(int64_t i, int64_t left) const { return repeats_ ? first_ : Floats::load(from_ + i, left); }

 private:
  const float* from_;
  const bool repeats_;
  const Floats first_;
};

inline bool is_contiguous(const Block& block, int64_t item_size) {
  const auto fits = [&](int64_t stride) { return stride == item_size || stride == 0; };
  return block.stride[0] == item_size && fits(block.stride[1]) && fits(block.stride[2]) && fits(block.stride[3]);
}

// y = combine(a, b) of float operands that are contiguous.
template <class V, class Combine>
void float_rows(const Block& block, Combine combine) {
  for (int64_t row = 0; row < block.rows; ++row) {
    const FloatRow<V> a(block, 1, row), b(block, 2, row);
    float_row<V>(floats(block.data[0] + row * block.row_stride[0]), block.count,
                 [&](int64_t i, int64_t left) { return combine(a(i, left), b(i, left)); });
  }
}

// The sums of value(row, i, left) for i < n as docs/numerics.md defines them: 16 lanes, lane j adding elements j, j +
// 16, … in order from 0, then sum_tree. Rows together: each sum is a chain that waits for itself.
template <class V, int N, class Value>
inline void striped_sums(int64_t n, float (&sums)[N], Value value) {
  using Floats = typename V::Floats;
  constexpr int64_t kLanes = V::kLanes, kRegisters = 16 / kLanes;
  Floats lanes[N][kRegisters];
  for (auto& row : lanes)
    for (Floats& lane : row) lane = Floats(0.0f);
  int64_t i = 0;
  for (; i + 16 <= n; i += 16)
    for (int64_t r = 0; r < kRegisters; ++r)
      for (int row = 0; row < N; ++row) lanes[row][r] = lanes[row][r] + value(row, i + r * kLanes, kLanes);
  for (int64_t r = 0; i < n; ++r, i += kLanes)
    for (int row = 0; row < N; ++row)
      lanes[row][r] = select(Floats::first(n - i), lanes[row][r] + value(row, i, n - i), lanes[row][r]);
  for (int row = 0; row < N; ++row) sums[row] = sum_tree(lanes[row]);
}

template <class V, class Value>
inline float striped_sum(int64_t n, Value value) {
  float sum[1];
  striped_sums<V>(n, sum, [&](int, int64_t i, int64_t left) { return value(i, left); });
  return sum[0];
}

}  // namespace
}  // namespace octavo
