// A tile of 8 pixels and 32 channels: 16 registers of sums, 2 of weights, 1 of inputs. On 56x56x64, 3x3, two thirds of
// the multiply-add peak, though the multiplication and the addition are instructions of their own.
#include "kernels/avx512.h"
#include "kernels/float_conv/vector.h"

namespace octavo {

const FloatConvKernels avx512::kFloatConv = {float_conv<Avx512, 8>, float_depthwise<Avx512>};

}  // namespace octavo
