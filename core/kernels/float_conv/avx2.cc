// A tile of 4 pixels and 16 channels: 8 registers of sums, 2 of weights, 1 of inputs, 1 of products. On 56x56x64, 3x3,
// three quarters of the multiply-add peak, though the multiplication and the addition are instructions of their own.
#include "kernels/avx2.h"
#include "kernels/float_conv/vector.h"

namespace octavo {

const FloatConvKernels avx2::kFloatConv = {float_conv<Avx2, 4>, float_depthwise<Avx2>};

}  // namespace octavo
