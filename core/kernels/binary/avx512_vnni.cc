#include "kernels/avx512.h"
#include "kernels/binary/vector.h"

namespace octavo {

const BinaryKernels avx512_vnni::kBinary = {add<Avx512>, mul<Avx512>, add_float<Avx512>, mul_float<Avx512>};

}  // namespace octavo
