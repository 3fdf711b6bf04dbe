// Functions of one float32 tensor, element by element.
#pragma once

#include "kernels/elementwise.h"
#include "kernels/float_functions.h"
#include "kernels/kernel_table.h"

namespace octavo {

using FloatUnaryKernel = void (*)(FloatFunction function, const FloatParameters& parameters, const Block& block);

namespace reference {
void float_unary(FloatFunction function, const FloatParameters& parameters, const Block& block);
}  // namespace reference
namespace avx2 {
void float_unary(FloatFunction function, const FloatParameters& parameters, const Block& block);
}  // namespace avx2
namespace avx512 {
void float_unary(FloatFunction function, const FloatParameters& parameters, const Block& block);
}  // namespace avx512
namespace neon {
void float_unary(FloatFunction function, const FloatParameters& parameters, const Block& block);
}  // namespace neon

inline constexpr KernelTable<FloatUnaryKernel> kFloatUnaryKernels{{{Isa::reference, reference::float_unary},
                                                                   {Isa::avx2, avx2::float_unary},
                                                                   {Isa::avx512, avx512::float_unary},
                                                                   {Isa::neon, neon::float_unary}}};

}  // namespace octavo
