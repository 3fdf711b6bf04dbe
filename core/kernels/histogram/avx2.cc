// Indices are computed eight at a time into a buffer that stays in L1, then drained one by one into four tables: the
// drain (a load, an increment and a store an element) is the bound, 0.33 to 0.47 ns an element at 3.6 GHz.
#include <immintrin.h>

#include <cstdint>

#include "kernels/histogram/histogram.h"

namespace octavo {
namespace {

constexpr int64_t kBuffer = 1024;

bool min_max(const float* x, int64_t n, float* min, float* max) {
  __m256 low = _mm256_set1_ps(x[0]);
  __m256 high = low;
  __m256i magnitude = _mm256_setzero_si256();
  const __m256i mask = _mm256_set1_epi32(0x7fffffff);
  const auto take = [&](__m256 v) {
    low = _mm256_min_ps(low, v);
    high = _mm256_max_ps(high, v);
    magnitude = _mm256_max_epi32(magnitude, _mm256_and_si256(_mm256_castps_si256(v), mask));
  };
  int64_t i = 0;
  for (; i + 8 <= n; i += 8) take(_mm256_loadu_ps(x + i));
  for (; i < n; ++i) take(_mm256_set1_ps(x[i]));

  alignas(32) float lows[8], highs[8];
  alignas(32) int32_t magnitudes[8];
  _mm256_store_ps(lows, low);
  _mm256_store_ps(highs, high);
  _mm256_store_si256(reinterpret_cast<__m256i*>(magnitudes), magnitude);
  bool finite = true;
  *min = lows[0];
  *max = highs[0];
  for (int lane = 0; lane < 8; ++lane) {
    finite &= magnitudes[lane] < 0x7f800000;
    *min = lows[lane] < *min ? lows[lane] : *min;
    *max = highs[lane] > *max ? highs[lane] : *max;
  }
  return finite;
}

inline __m256i bin_index(__m256 x, __m256 inv_width, __m256i first) {
  return _mm256_sub_epi32(_mm256_cvttps_epi32(_mm256_floor_ps(_mm256_mul_ps(x, inv_width))), first);
}

void count(const float* x, int64_t n, float inv_width, int32_t first, uint32_t* tables, int64_t bins) {
  static_assert(kHistogramTables == 4);
  uint32_t* const table[4] = {tables, tables + bins, tables + 2 * bins, tables + 3 * bins};
  const __m256 inv = _mm256_set1_ps(inv_width);
  const __m256i base = _mm256_set1_epi32(first);
  alignas(32) uint64_t pairs[kBuffer / 2];  // two indices each: one load for two elements
  int64_t i = 0;
  while (i + 8 <= n) {
    const int64_t block = n - i < kBuffer ? (n - i) / 8 * 8 : kBuffer;
    for (int64_t j = 0; j < block; j += 8) {
      _mm_prefetch(reinterpret_cast<const char*>(x + i + j + kHistogramAhead), _MM_HINT_T1);
      const __m256i index = bin_index(_mm256_loadu_ps(x + i + j), inv, base);
      _mm256_store_si256(reinterpret_cast<__m256i*>(pairs + j / 2), index);
    }
    for (int64_t j = 0; j < block / 2; j += 2) {
      const uint64_t a = pairs[j], b = pairs[j + 1];
      ++table[0][static_cast<uint32_t>(a)];
      ++table[1][a >> 32];
      ++table[2][static_cast<uint32_t>(b)];
      ++table[3][b >> 32];
    }
    i += block;
  }
  for (; i < n; ++i) {
    const __m256i index = bin_index(_mm256_set1_ps(x[i]), inv, base);
    ++tables[_mm256_extract_epi32(index, 0)];
  }
}

}  // namespace

const HistogramKernel avx2::kHistogram = {min_max, count};

}  // namespace octavo
