#include "kernels/quantize/quantize.h"
#include "kernels/scalar.h"

namespace octavo {
namespace {

void quantize(float inv, const Requantize& y, const Block& block) {
  for_each_element(block, [&](uint8_t* to, uint8_t* x, uint8_t*) { *to = requantize(as_float(x) * inv, y); });
}

void dequantize(const Levels& x, float scale, const Block& block) {
  for_each_element(block, [&](uint8_t* to, uint8_t* from, uint8_t*) {
    as_float(to) = static_cast<float>(centered(*from, x)) * scale;
  });
}

}  // namespace

const QuantizeKernels reference::kQuantize = {quantize, dequantize};

}  // namespace octavo
