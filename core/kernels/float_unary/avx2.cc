#include "kernels/avx2.h"
#include "kernels/float_unary/vector.h"

namespace octavo {

void avx2::float_unary(FloatFunction function, const FloatParameters& parameters, const Block& block) {
  float_unary_rows<Avx2>(function, parameters, block);
}

}  // namespace octavo
