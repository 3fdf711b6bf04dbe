#include "kernels/avx512.h"
#include "kernels/softmax/vector.h"

namespace octavo {

void avx512::softmax(const Block& block) { softmax_rows<Avx512>(block); }
void avx512::log_softmax(const Block& block) { log_softmax_rows<Avx512>(block); }

}  // namespace octavo
