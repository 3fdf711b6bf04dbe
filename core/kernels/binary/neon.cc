#include "kernels/neon.h"
#include "kernels/binary/vector.h"

namespace octavo {

const BinaryKernels neon::kBinary = {add<Neon>, mul<Neon>};

}  // namespace octavo
