#include "kernels/avx512.h"
#include "kernels/embedding/vector.h"

namespace octavo {

const EmbeddingKernels avx512::kEmbedding = {embedding_row<Avx512>, embedding_bag<Avx512>};

}  // namespace octavo
