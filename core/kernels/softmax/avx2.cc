#include "kernels/avx2.h"
#include "kernels/softmax/vector.h"

namespace octavo {

void avx2::softmax(const Block& block) { softmax_rows<Avx2>(block); }

}  // namespace octavo
