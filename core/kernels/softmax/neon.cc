#include "kernels/neon.h"
#include "kernels/softmax/vector.h"

namespace octavo {

void neon::softmax(const Block& block) { softmax_rows<Neon>(block); }
void neon::log_softmax(const Block& block) { log_softmax_rows<Neon>(block); }

}  // namespace octavo
