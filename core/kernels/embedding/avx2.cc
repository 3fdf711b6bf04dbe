#include "kernels/avx2.h"
#include "kernels/embedding/vector.h"

namespace octavo {

void avx2::embedding(const EmbeddingTable& table, int64_t row, EmbeddingMode mode, float weight, float* y) {
  embedding_row<Avx2>(table, row, mode, weight, y);
}

}  // namespace octavo
