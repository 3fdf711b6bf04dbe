#include "kernels/avx2.h"
#include "kernels/recurrent/vector.h"

namespace octavo {

const RecurrentKernels avx2::kRecurrent = recurrent_kernels<Avx2>();

}  // namespace octavo
