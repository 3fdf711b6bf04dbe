#include "kernels/avx512.h"
#include "kernels/binary/vector.h"

namespace octavo {

const BinaryKernels avx512::kBinary = {add<Avx512>, mul<Avx512>};

}  // namespace octavo
