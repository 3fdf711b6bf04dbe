#include "kernels/avx2.h"
#include "kernels/attention/vector.h"

namespace octavo {

void avx2::attention_weights(const AttentionRows& rows) { weigh<Avx2>(rows); }

}  // namespace octavo
