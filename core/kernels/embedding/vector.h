// The embedding kernel of every vector instruction set V (kernels/vector.h).
#pragma once

#include "kernels/embedding/embedding.h"
#include "kernels/vector.h"

namespace octavo {
namespace {

// y[0..n) with value(i, left), the Floats of the table's row.
template <class V, class Value>
void embed(int64_t n, EmbeddingMode mode, float weight, float* y, Value value) {
  using Floats = typename V::Floats;
  switch (mode) {
    case EmbeddingMode::set:
      return float_row<V>(y, n, value);
    case EmbeddingMode::add:
      return float_row<V>(y, n, [&](int64_t i, int64_t left) { return Floats::load(y + i, left) + value(i, left); });
    case EmbeddingMode::add_weighted: {
      const Floats w(weight);
      return float_row<V>(y, n,
                          [&](int64_t i, int64_t left) { return Floats::load(y + i, left) + value(i, left) * w; });
    }
    case EmbeddingMode::maximum:
      return float_row<V>(y, n, [&](int64_t i, int64_t left) {
        const Floats v = value(i, left), before = Floats::load(y + i, left);
        return select(less(before, v), v, before);
      });
  }
}

template <class V>
void embedding_row(const EmbeddingTable& table, int64_t row, EmbeddingMode mode, float weight, float* y) {
  using Floats = typename V::Floats;
  using Ints = typename V::Ints;
  if (table.levels == nullptr) {
    const float* from = table.floats + row * table.dim;
    return embed<V>(table.dim, mode, weight, y, [&](int64_t i, int64_t left) { return Floats::load(from + i, left); });
  }
  const uint8_t* from = table.levels + row * table.dim;
  const Floats scale(table.scale[row]), offset(table.offset[row]);
  embed<V>(table.dim, mode, weight, y,
           [&](int64_t i, int64_t) { return to_float(Ints::load_levels(from + i, 0)) * scale + offset; });
}

}  // namespace
}  // namespace octavo
