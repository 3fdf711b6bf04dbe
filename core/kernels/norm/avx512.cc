#include "kernels/avx512.h"
#include "kernels/norm/vector.h"

namespace octavo {

<<<<<<< HEAD:core/kernels/norm/avx512_vnni.cc
void avx512_vnni::norm(const NormRow& row, const NormRows& rows, const float* weight, const float* bias) {
  norm_rows<Avx512>(row, rows, weight, bias);
=======
void avx512::norm(const NormRow& row, const uint8_t* x, uint8_t* y, const float* weight, const float* bias) {
  norm_row<Avx512>(row, x, y, weight, bias);
>>>>>>> f533607 (Instruction sets fall back on one another; AVX512 without VNNI; recorded programs are replayed without Python):core/kernels/norm/avx512.cc
}

}  // namespace octavo
