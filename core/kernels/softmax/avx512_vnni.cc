#include "kernels/avx512.h"
#include "kernels/softmax/vector.h"

namespace octavo {

void avx512_vnni::softmax(const Block& block) { softmax_rows<Avx512>(block); }
void avx512_vnni::log_softmax(const Block& block) { log_softmax_rows<Avx512>(block); }

}  // namespace octavo
