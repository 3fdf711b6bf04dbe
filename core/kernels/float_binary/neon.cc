#include "kernels/neon.h"
#include "kernels/float_binary/vector.h"

namespace octavo {

const FloatBinaryKernels neon::kFloatBinary = {combine<Neon>, where_rows<Neon>};

}  // namespace octavo
