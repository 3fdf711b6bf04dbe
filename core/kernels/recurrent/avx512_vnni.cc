#include "kernels/avx512.h"
#include "kernels/recurrent/vector.h"

namespace octavo {

const RecurrentKernels avx512_vnni::kRecurrent = recurrent_kernels<Avx512>();

}  // namespace octavo
