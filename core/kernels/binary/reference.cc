#include "kernels/binary/binary.h"
#include "kernels/scalar.h"

namespace octavo {
namespace {

void add(const AddParams& p, const Block& block) {
  for_each_element(block, [&](uint8_t* y, uint8_t* a, uint8_t* b) {
    const float scaled_a = static_cast<float>(centered(*a, p.a)) * p.m_a;
    const float scaled_b = static_cast<float>(centered(*b, p.b)) * p.m_b;
    *y = requantize(scaled_a + scaled_b, p.y);
  });
}

void mul(const MulParams& p, const Block& block) {
  for_each_element(block, [&](uint8_t* y, uint8_t* a, uint8_t* b) {
    *y = requantize(static_cast<float>(centered(*a, p.a) * centered(*b, p.b)) * p.m, p.y);
  });
}

}  // namespace

const BinaryKernels reference::kBinary = {add, mul};

}  // namespace octavo
