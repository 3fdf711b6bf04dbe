#include "kernels/avx2.h"
#include "kernels/norm/vector.h"

namespace octavo {

void avx2::norm(const NormRow& row, const NormRows& rows, const float* weight, const float* bias) {
  norm_rows<Avx2>(row, rows, weight, bias);
}

}  // namespace octavo
