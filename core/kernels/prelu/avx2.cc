#include "kernels/avx2.h"
#include "kernels/prelu/vector.h"

namespace octavo {

void avx2::prelu(const Block& block) { prelu_rows<Avx2>(block); }

}  // namespace octavo
