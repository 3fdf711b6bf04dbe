#include "kernels/neon.h"
#include "kernels/embedding/vector.h"

namespace octavo {

const EmbeddingKernels neon::kEmbedding = {embedding_row<Neon>, embedding_bag<Neon>};

}  // namespace octavo
