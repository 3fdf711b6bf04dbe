#include "kernels/softmax/softmax.h"

#include "kernels/avx2_lanes.h"

namespace octavo::avx2 {
namespace {

inline float maximum(const float* x, int64_t n) {
  const __m256 lowest = _mm256_set1_ps(-__builtin_inff());
  __m256 largest = lowest;
  for (int64_t i = 0; i < n; i += 8) {
    const __m256 mask = _mm256_castsi256_ps(first_lanes(n - i));
    largest = _mm256_max_ps(_mm256_blendv_ps(lowest, load_floats(x + i, n - i), mask), largest);
  }
  alignas(32) float lanes[8];
  _mm256_store_ps(lanes, largest);
  float result = lanes[0];
  for (const float lane : lanes) result = lane > result ? lane : result;
  return result;
}

inline float sum_tree(__m256 low, __m256 high) {
  const __m256 eight = _mm256_add_ps(low, high);
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
    __m256 lanes[2] = {_mm256_setzero_ps(), _mm256_setzero_ps()};
    for (int64_t i = 0; i < n; i += 8) {
      const __m256 e = exp(Floats(load_floats(x + i, n - i)) - largest).v;
      store_floats(y + i, n - i, e);
      // Lanes past the end add 0, which changes no sum of exponentials.
      __m256& half = lanes[i / 8 % 2];
      half = _mm256_add_ps(half, _mm256_and_ps(e, _mm256_castsi256_ps(first_lanes(n - i))));
    }
    const __m256 sum = _mm256_set1_ps(sum_tree(lanes[0], lanes[1]));
    for (int64_t i = 0; i < n; i += 8) store_floats(y + i, n - i, _mm256_div_ps(load_floats(y + i, n - i), sum));
  }
}

}  // namespace octavo::avx2
