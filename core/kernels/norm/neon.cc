#include "kernels/neon.h"
#include "kernels/norm/vector.h"

namespace octavo {

void neon::norm(const NormRow& row, const NormRows& rows, const float* weight, const float* bias) {
  norm_rows<Neon>(row, rows, weight, bias);
}

}  // namespace octavo
