#include "kernels/avx512.h"
#include "kernels/float_binary/vector.h"

namespace octavo {

const FloatBinaryKernels avx512::kFloatBinary = {combine<Avx512>, where_rows<Avx512>};

}  // namespace octavo
