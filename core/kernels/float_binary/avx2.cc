#include "kernels/avx2.h"
#include "kernels/float_binary/vector.h"

namespace octavo {

const FloatBinaryKernels avx2::kFloatBinary = {combine<Avx2>, where_rows<Avx2>};

}  // namespace octavo
