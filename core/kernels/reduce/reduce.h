// Sum, mean, maximum or minimum of the elements of each row.
#pragma once

#include "kernels/elementwise.h"
#include "kernels/kernel_table.h"

namespace octavo {

enum class ReduceFunction : uint8_t { sum, mean, max, min };

// Every row of the block gives one element of y, which lies at data[0] + row * row_stride[0]: its stride[0] is 0. All
// run in 16 lanes, lane j taking elements j, j + 16, … in order from 0, -infinity or infinity; then lane j takes lane
// j + 8, then j + 4, j + 2, j + 1. In max and min NaN wins. mean divides the sum by float(count).
using ReduceKernel = void (*)(ReduceFunction function, const Block& block);

namespace reference {
void reduce(ReduceFunction function, const Block& block);
}  // namespace reference
namespace avx2 {
void reduce(ReduceFunction function, const Block& block);
}  // namespace avx2
namespace avx512 {
void reduce(ReduceFunction function, const Block& block);
}  // namespace avx512
namespace neon {
void reduce(ReduceFunction function, const Block& block);
}  // namespace neon

inline constexpr KernelTable<ReduceKernel> kReduceKernels{{{Isa::reference, reference::reduce},
                                                           {Isa::avx2, avx2::reduce},
                                                           {Isa::avx512, avx512::reduce},
                                                           {Isa::neon, neon::reduce}}};

}  // namespace octavo
