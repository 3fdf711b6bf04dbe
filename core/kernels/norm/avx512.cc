#include "kernels/avx512.h"
#include "kernels/norm/vector.h"

namespace octavo {

void avx512::norm(const NormRow& row, const NormRows& rows, const float* weight, const float* bias) {
  norm_rows<Avx512>(row, rows, weight, bias);
}

}  // namespace octavo
