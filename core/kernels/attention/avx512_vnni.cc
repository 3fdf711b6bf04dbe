#include "kernels/attention/vector.h"
#include "kernels/avx512.h"

namespace octavo {

void avx512_vnni::attention_weights(const AttentionRows& rows) { weigh<Avx512>(rows); }

}  // namespace octavo
