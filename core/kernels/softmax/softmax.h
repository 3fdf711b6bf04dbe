// Softmax and its logarithm along the elements of each row.
#pragma once

#include "kernels/elementwise.h"
#include "kernels/isa.h"

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
namespace avx512_vnni {
void softmax(const Block& block);
void log_softmax(const Block& block);
}  // namespace avx512_vnni

inline constexpr SoftmaxKernel kSoftmaxKernels[kIsaCount] = {reference::softmax, avx2::softmax, avx512_vnni::softmax};
inline constexpr SoftmaxKernel kLogSoftmaxKernels[kIsaCount] = {reference::log_softmax, avx2::log_softmax,
                                                                avx512_vnni::log_softmax};

}  // namespace octavo
