// The embedding kernels of every vector instruction set V (kernels/vector.h).
//
// A bag is summed in registers, four vectors of columns at a time, over all of its ids.
#pragma once

#include "kernels/embedding/embedding.h"
#include "kernels/vector.h"

namespace octavo {
namespace {

template <class V>
struct FloatTableRow {
  FloatTableRow(const EmbeddingTable& table, int64_t id) : from(table.floats + id * table.dim) {}
  auto operator()(int64_t i, int64_t left) const { return V::Floats::load(from + i, left); }
  const float* from;
};

template <class V>
struct LevelsTableRow {
  LevelsTableRow(const EmbeddingTable& table, int64_t id)
      : from(table.levels + id * table.dim), scale(table.scale[id]), offset(table.offset[id]) {}
  auto operator()(int64_t i, int64_t) const { return to_float(V::Ints::load_levels(from + i, 0)) * scale + offset; }
  const uint8_t* from;
  typename V::Floats scale, offset;
};

template <class V>
void embedding_row(const EmbeddingTable& table, int64_t id, float* y) {
  if (table.levels == nullptr) return float_row<V>(y, table.dim, FloatTableRow<V>(table, id));
  float_row<V>(y, table.dim, LevelsTableRow<V>(table, id));
}

// Columns [first, first + kVectors * kLanes) of y, of which `left` (or more) are there.
template <class V, class Row, int kVectors, class Combine>
void bag_columns(const EmbeddingTable& table, const IdBag& bag, int64_t first, int64_t left, float divisor, float* y,
                 Combine combine) {
  using Floats = typename V::Floats;
  Floats total[kVectors];
  for (Floats& t : total) t = Floats(0.0f);
  for (int64_t k = 0; k < bag.count; ++k) {
    const Row row(table, *reinterpret_cast<const int64_t*>(bag.ids + k * bag.stride));
    for (int v = 0; v < kVectors; ++v)
      total[v] = combine(total[v], row(first + v * V::kLanes, left - v * V::kLanes), k);
  }
  for (int v = 0; v < kVectors; ++v)
    store(y + first + v * V::kLanes, left - v * V::kLanes, divisor == 1.0f ? total[v] : total[v] / Floats(divisor));
}

template <class V, class Row, class Combine>
void bag_rows(const EmbeddingTable& table, const IdBag& bag, float divisor, float* y, Combine combine) {
  constexpr int64_t kBlock = 4 * V::kLanes;
  int64_t i = 0;
  for (; i + kBlock <= table.dim; i += kBlock) bag_columns<V, Row, 4>(table, bag, i, kBlock, divisor, y, combine);
  for (; i < table.dim; i += V::kLanes) bag_columns<V, Row, 1>(table, bag, i, table.dim - i, divisor, y, combine);
}

template <class V, class Row>
void bag_of(const EmbeddingTable& table, const IdBag& bag, BagMode mode, float* y) {
  using Floats = typename V::Floats;
  switch (mode) {
    case BagMode::sum:
    case BagMode::mean: {
      const float divisor = mode == BagMode::mean && bag.count > 0 ? static_cast<float>(bag.count) : 1.0f;
      return bag_rows<V, Row>(table, bag, divisor, y, [](Floats t, Floats v, int64_t) { return t + v; });
    }
    case BagMode::maximum:
      return bag_rows<V, Row>(table, bag, 1.0f, y,
                              [](Floats t, Floats v, int64_t k) { return k == 0 ? v : select(less(t, v), v, t); });
    case BagMode::weighted_sum:
      return bag_rows<V, Row>(table, bag, 1.0f, y, [&](Floats t, Floats v, int64_t k) {
        return t + v * Floats(*reinterpret_cast<const float*>(bag.weights + k * bag.weight_stride));
      });
  }
}

template <class V>
void embedding_bag(const EmbeddingTable& table, const IdBag& bag, BagMode mode, float* y) {
  if (table.levels == nullptr) return bag_of<V, FloatTableRow<V>>(table, bag, mode, y);
  bag_of<V, LevelsTableRow<V>>(table, bag, mode, y);
}

}  // namespace
}  // namespace octavo
