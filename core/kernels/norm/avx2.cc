#include "kernels/avx2.h"
#include "kernels/norm/vector.h"

namespace octavo {

void avx2::norm(const NormRow& row, const uint8_t* x, uint8_t* y, const float* weight, const float* bias) {
  norm_row<Avx2>(row, x, y, weight, bias);
}

}  // namespace octavo
