#include "kernels/softmax/softmax.h"

#include "kernels/avx512_lanes.h"

namespace octavo::avx512_vnni {
namespace {

inline float maximum(const float* x, int64_t n) {
  const __m512 lowest = _mm512_set1_ps(-__builtin_inff());
  __m512 largest = lowest;
  for (int64_t i = 0; i < n; i += 16)
    largest = _mm512_max_ps(_mm512_mask_loadu_ps(lowest, first_lanes(n - i), x + i), largest);
  alignas(64) float lanes[16];
  _mm512_store_ps(lanes, largest);
  float result = lanes[0];
  for (const float lane : lanes) result = lane > result ? lane : result;
  return result;
}

inline float sum_tree(__m512 lanes) {
  const __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(lanes), _mm512_extractf32x8_ps(lanes, 1));
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

}  // namespace

void softmax(const Block& block) {
  if (block.stride[0] != 4 || block.stride[1] != 4) return reference::softmax(block);
  const int64_t n = block.count;
  for (int64_t row = 0; row < block.rows; ++row) {
    float* y = floats(block.data[0] + row * block.row_stride[0]);
    const float* x = floats(block.data[1] + row * block.row_stride[1]);
    const Floats largest(maximum(x, n));
    __m512 lanes = _mm512_setzero_ps();
    for (int64_t i = 0; i < n; i += 16) {
      const __m512 e = exp(Floats(load_floats(x + i, n - i)) - largest).v;
      store_floats(y + i, n - i, e);
      lanes = _mm512_mask_add_ps(lanes, first_lanes(n - i), lanes, e);
    }
    const __m512 sum = _mm512_set1_ps(sum_tree(lanes));
    for (int64_t i = 0; i < n; i += 16) store_floats(y + i, n - i, _mm512_div_ps(load_floats(y + i, n - i), sum));
  }
}

}  // namespace octavo::avx512_vnni
