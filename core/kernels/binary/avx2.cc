#include "kernels/avx2.h"
#include "kernels/binary/vector.h"

namespace octavo {

const BinaryKernels avx2::kBinary = {add<Avx2>, mul<Avx2>};

}  // namespace octavo
