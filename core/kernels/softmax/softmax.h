// Softmax and its logarithm along the elements of each row.
#pragma once

#include "kernels/elementwise.h"
#include "kernels/kernel_table.h"

namespace octavo {

// y_i = e_i / sum with e_i = exp(x_i - max x). The sum runs in 16 lanes, lane j adding elements j, j + 16, … in order
// from 0; then lane j adds lane j + 8, then j + 4, j + 2, j + 1.
using SoftmaxKernel = void (*)(const Block& block);

// log_softmax: y_i = (x_i - max x) - log(sum), with the same sum.
namespace reference {
void softmax(const Block& block);
void log_softmax(const Block& block);
}  // namespace reference
namespace avx2 {
void softmax(const Block& block);
void log_softmax(const Block& block);
}  // namespace avx2
namespace avx512 {
void softmax(const Block& block);
void log_softmax(const Block& block);
}  // namespace avx512
namespace neon {
void softmax(const Block& block);
void log_softmax(const Block& block);
}  // namespace neon

inline constexpr KernelTable<SoftmaxKernel> kSoftmaxKernels{{{Isa::reference, reference::softmax},
                                                             {Isa::avx2, avx2::softmax},
                                                             {Isa::avx512, avx512::softmax},
                                                             {Isa::neon, neon::softmax}}};
inline constexpr KernelTable<SoftmaxKernel> kLogSoftmaxKernels{{{Isa::reference, reference::log_softmax},
                                                                {Isa::avx2, avx2::log_softmax},
                                                                {Isa::avx512, avx512::log_softmax},
                                                                {Isa::neon, neon::log_softmax}}};

}  // namespace octavo
