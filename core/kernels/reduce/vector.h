// The reduction kernel of every vector instruction set V (kernels/vector.h).
#pragma once

#include <type_traits>

#include "kernels/reduce/folds.h"
#include "kernels/vector.h"

namespace octavo {
namespace {

// A row of n neighbours: its lanes are those of the registers.
template <class V, class Fold>
inline float fold_row(const float* x, int64_t n) {
  using Floats = typename V::Floats;
  if constexpr (std::is_same_v<Fold, SumFold>) {
    return striped_sum<V>(n, [&](int64_t i, int64_t left) { return Floats::load(x + i, left); });
  } else {
    constexpr int64_t kLanes = V::kLanes, kRegisters = 16 / kLanes;
    Floats lanes[kRegisters];
    for (Floats& lane : lanes) lane = Floats(Fold::kStart);
    int64_t i = 0;
    for (; i + 16 <= n; i += 16)
      for (int64_t r = 0; r < kRegisters; ++r) lanes[r] = Fold::combine(lanes[r], Floats::load(x + i + r * kLanes));
    for (int64_t r = 0; i < n; ++r, i += kLanes)
      lanes[r] = select(Floats::first(n - i), Fold::combine(lanes[r], Floats::load(x + i, n - i)), lanes[r]);
    float all[16];
    for (int64_t r = 0; r < kRegisters; ++r) store(all + r * kLanes, lanes[r]);
    for (int64_t width = 8; width > 0; width /= 2)
      for (int64_t j = 0; j < width; j += kLanes)
        store(all + j, width - j,
              Fold::combine(Floats::load(all + j, width - j), Floats::load(all + width + j, width - j)));
    return all[0];
  }
}

// kLanes rows side by side, of which `left` (or more than kLanes) count: one register a lane of theirs.
template <class V, class Fold>
inline typename V::Floats fold_columns(const uint8_t* x, int64_t stride, int64_t n, int64_t left) {
  using Floats = typename V::Floats;
  Floats lanes[16];
  for (Floats& lane : lanes) lane = Floats(Fold::kStart);
  int64_t i = 0;
  for (; i + 16 <= n; i += 16)
    for (Floats& lane : lanes) {
      lane = Fold::combine(lane, Floats::load(floats(x), left));
      x += stride;
    }
  for (; i < n; ++i, x += stride) lanes[i % 16] = Fold::combine(lanes[i % 16], Floats::load(floats(x), left));
  for (int width = 8; width > 0; width /= 2)
    for (int j = 0; j < width; ++j) lanes[j] = Fold::combine(lanes[j], lanes[j + width]);
  return lanes[0];
}

template <class V>
void reduce_rows(ReduceFunction function, const Block& block) {
  using Floats = typename V::Floats;
  const bool side_by_side = block.row_stride[0] == 4 && block.row_stride[1] == 4 && block.rows > 1;
  if (!side_by_side && block.stride[1] != 4) return reference::reduce(function, block);
  with_fold(function, block.count, [&]<class Fold>(Fold, float divisor) {
    if (side_by_side) {
      for (int64_t row = 0; row < block.rows; row += V::kLanes) {
        const int64_t left = block.rows - row;
        const Floats y = fold_columns<V, Fold>(block.data[1] + row * 4, block.stride[1], block.count, left);
        store(floats(block.data[0]) + row, left, y / Floats(divisor));
      }
      return;
    }
    for (int64_t row = 0; row < block.rows; ++row) {
      const float y = fold_row<V, Fold>(floats(block.data[1] + row * block.row_stride[1]), block.count);
      *floats(block.data[0] + row * block.row_stride[0]) = y / divisor;
    }
  });
}

}  // namespace
}  // namespace octavo
