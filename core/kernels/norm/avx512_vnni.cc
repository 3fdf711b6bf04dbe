#include "kernels/avx512.h"
#include "kernels/norm/vector.h"

namespace octavo {

void avx512_vnni::norm(const NormRow& row, const uint8_t* x, uint8_t* y, const float* weight, const float* bias) {
  norm_row<Avx512>(row, x, y, weight, bias);
}

}  // namespace octavo
