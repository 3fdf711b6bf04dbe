#include "kernels/embedding/embedding.h"

namespace octavo::reference {

void embedding(const EmbeddingTable& table, int64_t row, EmbeddingMode mode, float weight, float* y) {
  for (int64_t i = 0; i < table.dim; ++i) {
    const int64_t at = row * table.dim + i;
    const float v = table.levels == nullptr
                        ? table.floats[at]
                        : static_cast<float>(table.levels[at]) * table.scale[row] + table.offset[row];
    switch (mode) {
      case EmbeddingMode::set:
        y[i] = v;
        break;
      case EmbeddingMode::add:
        y[i] = y[i] + v;
        break;
      case EmbeddingMode::add_weighted:
        y[i] = y[i] + v * weight;
        break;
      case EmbeddingMode::maximum:
        y[i] = y[i] < v ? v : y[i];
        break;
    }
  }
}

}  // namespace octavo::reference
