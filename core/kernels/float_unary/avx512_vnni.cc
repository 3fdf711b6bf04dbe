#include "kernels/avx512.h"
#include "kernels/float_unary/vector.h"

namespace octavo {

void avx512_vnni::float_unary(FloatFunction function, float low, float high, const Block& block) {
  float_unary_rows<Avx512>(function, low, high, block);
}

}  // namespace octavo
