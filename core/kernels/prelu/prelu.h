// A line with another slope below 0.
#pragma once

#include "kernels/elementwise.h"
#include "kernels/kernel_table.h"

namespace octavo {

// y = a < 0 ? b * a : a: operand 1 is x, operand 2 the slopes.
using PReluKernel = void (*)(const Block& block);

namespace reference {
void prelu(const Block& block);
}  // namespace reference
namespace avx2 {
void prelu(const Block& block);
}  // namespace avx2
namespace avx512 {
void prelu(const Block& block);
}  // namespace avx512
namespace neon {
void prelu(const Block& block);
}  // namespace neon

inline constexpr KernelTable<PReluKernel> kPReluKernels{{{Isa::reference, reference::prelu},
                                                         {Isa::avx2, avx2::prelu},
                                                         {Isa::avx512, avx512::prelu},
                                                         {Isa::neon, neon::prelu}}};

}  // namespace octavo
