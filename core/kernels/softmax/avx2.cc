#include "kernels/avx2.h"
#include "kernels/softmax/vector.h"

namespace octavo {
namespace {

struct SoftmaxAvx2 : Avx2 {
  static float sum_tree(const Floats (&lanes)[2]) {
    const __m256 eight = (lanes[0] + lanes[1]).v;
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
  }
};

}  // namespace

void avx2::softmax(const Block& block) { softmax_rows<SoftmaxAvx2>(block); }

}  // namespace octavo
