#include "kernels/float_binary/float_binary.h"
#include "kernels/scalar.h"
#include "kernels/scalar_lanes.h"

namespace octavo {
namespace {

void combine(FloatBinary function, const Block& block) {
  with_combination(function, [&](auto combination) {
    for_each_element(block, [&](uint8_t* y, uint8_t* a, uint8_t* b) {
      as_float(y) = combination(Float(as_float(a)), Float(as_float(b))).v;
    });
  });
}

void where_each(const Block& block) {
  for_each_element(block, [](uint8_t* y, uint8_t* condition, uint8_t* a, uint8_t* b) {
    as_float(y) = where(Float(as_float(condition)), Float(as_float(a)), Float(as_float(b))).v;
  });
}

}  // namespace

const FloatBinaryKernels reference::kFloatBinary = {combine, where_each};

}  // namespace octavo
