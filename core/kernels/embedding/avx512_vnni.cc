#include "kernels/avx512.h"
#include "kernels/embedding/vector.h"

namespace octavo {

void avx512_vnni::embedding(const EmbeddingTable& table, int64_t row, EmbeddingMode mode, float weight, float* y) {
  embedding_row<Avx512>(table, row, mode, weight, y);
}

}  // namespace octavo
