#include "kernels/avx512.h"
#include "kernels/prelu/vector.h"

namespace octavo {

void avx512::prelu(const Block& block) { prelu_rows<Avx512>(block); }

}  // namespace octavo
