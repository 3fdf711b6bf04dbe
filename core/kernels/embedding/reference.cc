#include "kernels/embedding/embedding.h"

namespace octavo::reference {
namespace {

float value(const EmbeddingTable& table, int64_t id, int64_t column) {
  const int64_t at = id * table.dim + column;
  if (table.levels == nullptr) return table.floats[at];
  return static_cast<float>(table.levels[at]) * table.scale[id] + table.offset[id];
}

void row(const EmbeddingTable& table, int64_t id, float* y) {
  for (int64_t i = 0; i < table.dim; ++i) y[i] = value(table, id, i);
}

void bag(const EmbeddingTable& table, const IdBag& bag, BagMode mode, float* y) {
  for (int64_t i = 0; i < table.dim; ++i) {
    float total = 0.0f;
    for (int64_t k = 0; k < bag.count; ++k) {
      float v = value(table, *reinterpret_cast<const int64_t*>(bag.ids + k * bag.stride), i);
      if (mode == BagMode::maximum) {
        total = k == 0 || total < v ? v : total;
        continue;
      }
      if (mode == BagMode::weighted_sum) v *= *reinterpret_cast<const float*>(bag.weights + k * bag.weight_stride);
      total += v;
    }
    y[i] = mode == BagMode::mean && bag.count > 0 ? total / static_cast<float>(bag.count) : total;
  }
}

}  // namespace

const EmbeddingKernels kEmbedding = {row, bag};

}  // namespace octavo::reference
