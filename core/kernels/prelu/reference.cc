#include "kernels/prelu/prelu.h"

#include "kernels/float_functions.h"
#include "kernels/scalar.h"
#include "kernels/scalar_lanes.h"

namespace octavo::reference {

void prelu(const Block& block) {
  for_each_element(block, [](uint8_t* y, uint8_t* x, uint8_t* slope) {
    as_float(y) = octavo::prelu(Float(as_float(x)), Float(as_float(slope))).v;
  });
}

}  // namespace octavo::reference
