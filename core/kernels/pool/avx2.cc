// Channels across lanes, 32 bytes at a time; means sum 16-bit levels, up to 256 taps between widenings to 32 bits.
#include "kernels/avx2.h"
#include "kernels/pool/pool.h"

namespace octavo::avx2 {
namespace {

constexpr int kTapsPerFlush = 256;  // 256 * 255 fits 16 bits

inline __m256i load_bytes(const uint8_t* from) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)); }

template <class Max>
void max_pool_bytes(const PoolRow& row, __m256i lowest, Max max) {
  for (int64_t p = 0; p < row.width; ++p) {
    const PoolWindow columns = row.columns[p];
    for (int64_t c = 0; c < row.channels; c += 32) {
      __m256i largest = lowest;
      for_each_tap(row, columns, c, [&](const uint8_t* tap) { largest = max(largest, load_bytes(tap)); });
      store_bytes(row.y + p * row.y_pixel + c, row.channels - c, largest);
    }
  }
}

// Sums of 32 channels.
class Sums {
 public:
  explicit Sums(uint32_t flip) : flip_(_mm256_set1_epi8(static_cast<char>(flip))) {}

  void add(const uint8_t* tap) {
    if (pending_ == kTapsPerFlush) flush();
    ++pending_;
    const __m256i levels = _mm256_xor_si256(load_bytes(tap), flip_);
    half_[0] = _mm256_add_epi16(half_[0], _mm256_cvtepu8_epi16(_mm256_castsi256_si128(levels)));
    half_[1] = _mm256_add_epi16(half_[1], _mm256_cvtepu8_epi16(_mm256_extracti128_si256(levels, 1)));
  }

  void flush() {
    for (int i = 0; i < 4; ++i) {
      const __m128i words = i % 2 == 0 ? _mm256_castsi256_si128(half_[i / 2]) : _mm256_extracti128_si256(half_[i / 2], 1);
      total_[i] = _mm256_add_epi32(total_[i], _mm256_cvtepu16_epi32(words));
    }
    half_[0] = half_[1] = _mm256_setzero_si256();
    pending_ = 0;
  }

  // Of the 8 channels from 8 * i on; flushed.
  __m256i total(int64_t i) const { return total_[i]; }

 private:
  __m256i flip_;
  __m256i half_[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
  __m256i total_[4] = {_mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256()};
  int pending_ = 0;
};

}  // namespace

void max_pool_u8(const PoolRow& row) {
  max_pool_bytes(row, _mm256_setzero_si256(), [](__m256i a, __m256i b) { return _mm256_max_epu8(a, b); });
}

void max_pool_s8(const PoolRow& row) {
  max_pool_bytes(row, _mm256_set1_epi8(-128), [](__m256i a, __m256i b) { return _mm256_max_epi8(a, b); });
}

void max_pool_float(const PoolRow& row) {
  for (int64_t p = 0; p < row.width; ++p)
    for (int64_t c = 0; c < row.channels; c += 8) {
      __m256 largest = _mm256_set1_ps(-__builtin_inff());
      for_each_tap(row, row.columns[p], 4 * c, [&](const uint8_t* tap) {
        const __m256 x = load_floats(floats(tap), row.channels - c);
        const __m256 larger = _mm256_or_ps(_mm256_cmp_ps(x, largest, _CMP_GT_OQ), _mm256_cmp_ps(x, x, _CMP_UNORD_Q));
        largest = _mm256_blendv_ps(largest, x, larger);
      });
      store_floats(floats(row.y + p * row.y_pixel) + c, row.channels - c, largest);
    }
}

void avg_pool(const AvgPoolParams& params, const PoolRow& row) {
  for (int64_t p = 0; p < row.width; ++p) {
    const PoolWindow columns = row.columns[p];
    const __m256 m = _mm256_set1_ps(avg_multiplier(params, avg_count(params.divisor, row, columns)));
    const int64_t taps = tap_count(row.rows) * tap_count(columns);
    const __m256i zero = _mm256_set1_epi32(static_cast<int32_t>(taps * params.x.zero_point));
    for (int64_t c = 0; c < row.channels; c += 32) {
      Sums sums(params.x.flip);
      for_each_tap(row, columns, c, [&](const uint8_t* tap) { sums.add(tap); });
      sums.flush();
      requantize_row(row.y + p * row.y_pixel + c, row.channels - c < 32 ? row.channels - c : 32, params.y,
                     [&](int64_t i, int64_t) {
                       return _mm256_mul_ps(_mm256_cvtepi32_ps(_mm256_sub_epi32(sums.total(i / 8), zero)), m);
                     });
    }
  }
}

void avg_pool_float(int64_t divisor, const PoolRow& row) {
  for (int64_t p = 0; p < row.width; ++p) {
    const __m256 count = _mm256_set1_ps(static_cast<float>(avg_count(divisor, row, row.columns[p])));
    for (int64_t c = 0; c < row.channels; c += 8) {
      __m256 sum = _mm256_setzero_ps();
      for_each_tap(row, row.columns[p], 4 * c, [&](const uint8_t* tap) {
        sum = _mm256_add_ps(sum, load_floats(floats(tap), row.channels - c));
      });
      store_floats(floats(row.y + p * row.y_pixel) + c, row.channels - c, _mm256_div_ps(sum, count));
    }
  }
}

}  // namespace octavo::avx2
