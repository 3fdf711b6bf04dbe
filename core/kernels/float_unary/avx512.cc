#include "kernels/avx512.h"
#include "kernels/float_unary/vector.h"

namespace octavo {

void avx512::float_unary(FloatFunction function, const FloatParameters& parameters, const Block& block) {
  float_unary_rows<Avx512>(function, parameters, block);
}

}  // namespace octavo
