#include "kernels/neon.h"
#include "kernels/float_unary/vector.h"

namespace octavo {

void neon::float_unary(FloatFunction function, const FloatParameters& parameters, const Block& block) {
  float_unary_rows<Neon>(function, parameters, block);
}

}  // namespace octavo
