#include "kernels/avx512.h"
#include "kernels/softmax/vector.h"

namespace octavo {

void avx512_vnni::softmax(const Block& block) { softmax_rows<Avx512>(block); }

}  // namespace octavo
