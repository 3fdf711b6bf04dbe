// A line with another slope below 0.
#pragma once

#include "kernels/elementwise.h"
#include "kernels/isa.h"

namespace octavo {

// y = a < 0 ? b * a : a: operand 1 is x, operand 2 the slopes.
using PReluKernel = void (*)(const Block& block);

namespace reference {
void prelu(const Block& block);
}  // namespace reference
namespace avx2 {
void prelu(const Block& block);
}  // namespace avx2
namespace avx512_vnni {
void prelu(const Block& block);
}  // namespace avx512_vnni

inline constexpr PReluKernel kPReluKernels[kIsaCount] = {reference::prelu, avx2::prelu, avx512_vnni::prelu};

}  // namespace octavo
