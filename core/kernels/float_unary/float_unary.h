// Functions of one float32 tensor, element by element.
#pragma once

#include "kernels/elementwise.h"
#include "kernels/float_functions.h"
#include "kernels/isa.h"

namespace octavo {

using FloatUnaryKernel = void (*)(FloatFunction function, const FloatParameters& parameters, const Block& block);

namespace reference {
void float_unary(FloatFunction function, const FloatParameters& parameters, const Block& block);
}  // namespace reference
namespace avx2 {
void float_unary(FloatFunction function, const FloatParameters& parameters, const Block& block);
}  // namespace avx2
namespace avx512_vnni {
void float_unary(FloatFunction function, const FloatParameters& parameters, const Block& block);
}  // namespace avx512_vnni

inline constexpr FloatUnaryKernel kFloatUnaryKernels[kIsaCount] = {reference::float_unary, avx2::float_unary,
                                                                   avx512_vnni::float_unary};

}  // namespace octavo
