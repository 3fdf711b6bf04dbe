#include "kernels/float_unary/float_unary.h"
#include "kernels/scalar.h"
#include "kernels/scalar_lanes.h"

namespace octavo::reference {

void float_unary(FloatFunction function, const FloatParameters& parameters, const Block& block) {
  with_function(function, [&]<FloatFunction chosen>() {
    for_each_element(block, [&](uint8_t* y, uint8_t* x, uint8_t*) {
      as_float(y) = apply<chosen>(Float(as_float(x)), parameters).v;
    });
  });
}

}  // namespace octavo::reference
