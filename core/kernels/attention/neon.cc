#include "kernels/neon.h"
#include "kernels/attention/vector.h"

namespace octavo {

void neon::attention_weights(const AttentionRows& rows) { weigh<Neon>(rows); }

}  // namespace octavo
