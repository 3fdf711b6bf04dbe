// A tile of 4 pixels and 8 channels: 8 registers of sums, 2 of weights, 1 of inputs, 1 of products.
#include "kernels/neon.h"
#include "kernels/float_conv/vector.h"

namespace octavo {

const FloatConvKernels neon::kFloatConv = {float_conv<Neon, 4>, float_depthwise<Neon>};

}  // namespace octavo
