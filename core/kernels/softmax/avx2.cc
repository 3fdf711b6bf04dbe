#include "kernels/avx2.h"
#include "kernels/softmax/vector.h"

namespace octavo {

void avx2::softmax(const Block& block) { softmax_rows<Avx2>(block); }
void avx2::log_softmax(const Block& block) { log_softmax_rows<Avx2>(block); }

}  // namespace octavo
