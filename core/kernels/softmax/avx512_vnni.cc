#include "kernels/avx512.h"
#include "kernels/softmax/vector.h"

namespace octavo {
namespace {

struct SoftmaxAvx512 : Avx512 {
  static float sum_tree(const Floats (&lanes)[1]) {
    const __m512 all = lanes[0].v;
    const __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(all), _mm512_extractf32x8_ps(all, 1));
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
  }
};

}  // namespace

void avx512_vnni::softmax(const Block& block) { softmax_rows<SoftmaxAvx512>(block); }

}  // namespace octavo
