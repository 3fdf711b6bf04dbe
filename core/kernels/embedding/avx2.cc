#include "kernels/avx2.h"
#include "kernels/embedding/vector.h"

namespace octavo {

const EmbeddingKernels avx2::kEmbedding = {embedding_row<Avx2>, embedding_bag<Avx2>};

}  // namespace octavo
