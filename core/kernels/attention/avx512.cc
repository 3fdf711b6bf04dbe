#include "kernels/avx512.h"
#include "kernels/attention/vector.h"

namespace octavo {

void avx512::attention_weights(const AttentionRows& rows) { weigh<Avx512>(rows); }

}  // namespace octavo
