#include "kernels/neon.h"
#include "kernels/prelu/vector.h"

namespace octavo {

void neon::prelu(const Block& block) { prelu_rows<Neon>(block); }

}  // namespace octavo
