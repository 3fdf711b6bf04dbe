// Channels across lanes, 32 bytes at a time; means sum 16-bit levels, up to 256 taps between widenings to 32 bits.
#include "kernels/avx2.h"
#include "kernels/pool/pool.h"

namespace octavo::avx2 {
namespace {

constexpr int64_t kChannels = 32;
constexpr int64_t kTapsPerFlush = 256;  // 256 * 255 fits 16 bits
constexpr int64_t kMaxColumns = 128;

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

// Sums of 32 channels in 16 bits: exact for up to kTapsPerFlush taps.
struct Words {
  __m256i half[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};

  void add(const uint8_t* tap, __m256i flip) {
    const __m256i levels = _mm256_xor_si256(load_bytes(tap), flip);
    half[0] = _mm256_add_epi16(half[0], _mm256_cvtepu8_epi16(_mm256_castsi256_si128(levels)));
    half[1] = _mm256_add_epi16(half[1], _mm256_cvtepu8_epi16(_mm256_extracti128_si256(levels, 1)));
  }
  // Of the 8 channels from 8 * i on.
  __m256i widened(int64_t i) const {
    return _mm256_cvtepu16_epi32(i % 2 == 0 ? _mm256_castsi256_si128(half[i / 2])
                                            : _mm256_extracti128_si256(half[i / 2], 1));
  }
};

// Sums of 32 channels in 32 bits.
class Sums {
 public:
  explicit Sums(__m256i flip) : flip_(flip) {}

  void add(const uint8_t* tap) {
    if (pending_ == kTapsPerFlush) flush();
    ++pending_;
    words_.add(tap, flip_);
  }
  void flush() {
    for (int64_t i = 0; i < 4; ++i) total_[i] = _mm256_add_epi32(total_[i], words_.widened(i));
    words_ = {};
    pending_ = 0;
  }
  __m256i widened(int64_t i) const { return total_[i]; }  // flushed

 private:
  __m256i flip_;
  Words words_;
  __m256i total_[4] = {_mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256()};
  int pending_ = 0;
};

// Turns the sums of a pixel's window into its output.
class Mean {
 public:
  Mean(const AvgPoolParams& params, const PoolRow& row, const PoolWindow& columns)
      : params_(params), row_(row), row_taps_(tap_count(row.rows)) {
    set(columns);
  }

  // Neighbouring windows mostly have as many elements: then nothing is computed anew.
  void use(const PoolWindow& columns) {
    if (columns.count != count_ || columns.end - columns.first != span_) set(columns);
  }

  template <class Sum>
  void store(uint8_t* y, int64_t channels, const Sum& sum) const {
    requantize_row(y, channels < kChannels ? channels : kChannels, params_.y, [&](int64_t i, int64_t) {
      return _mm256_mul_ps(_mm256_cvtepi32_ps(_mm256_sub_epi32(sum.widened(i / kLanes), zero_)), m_);
    });
  }

 private:
  void set(const PoolWindow& columns) {
    count_ = columns.count;
    span_ = columns.end - columns.first;
    m_ = _mm256_set1_ps(avg_multiplier(params_, avg_count(params_.divisor, row_, columns)));
    zero_ = _mm256_set1_epi32(static_cast<int32_t>(row_taps_ * tap_count(columns) * params_.x.zero_point));
  }

  const AvgPoolParams params_;
  const PoolRow& row_;
  int64_t row_taps_, count_, span_;
  __m256 m_;
  __m256i zero_;
};

// Whether the windows of a row overlap, so that the sum of each input column is worth keeping for all of them.
bool shares_columns(const PoolRow& row) {
  const int64_t first = row.columns[0].first, end = row.columns[row.width - 1].end;
  int64_t taps = 0, most = 0;
  for (int64_t p = 0; p < row.width; ++p) {
    const int64_t columns = tap_count(row.columns[p]);
    taps += columns;
    most = columns > most ? columns : most;
  }
  return row.columns[0].step == 1 && taps > end - first && end - first <= kMaxColumns &&
         most * tap_count(row.rows) <= kTapsPerFlush;
}

void avg_pool_by_columns(const AvgPoolParams& params, const PoolRow& row) {
  const __m256i flip = _mm256_set1_epi8(static_cast<char>(params.x.flip));
  const int64_t first = row.columns[0].first, end = row.columns[row.width - 1].end;
  Mean mean(params, row, row.columns[0]);
  for (int64_t c = 0; c < row.channels; c += kChannels) {
    __m256i column[kMaxColumns][2];
    for (int64_t w = first; w < end; ++w) {
      Words sum;
      for_each_tap(row, {.first = w, .end = w + 1}, c, [&](const uint8_t* tap) { sum.add(tap, flip); });
      for (int i = 0; i < 2; ++i) column[w - first][i] = sum.half[i];
    }
    for (int64_t p = 0; p < row.width; ++p) {
      const PoolWindow& columns = row.columns[p];
      Words sum;
      for (int64_t w = columns.first; w < columns.end; ++w)
        for (int i = 0; i < 2; ++i) sum.half[i] = _mm256_add_epi16(sum.half[i], column[w - first][i]);
      mean.use(columns);
      mean.store(row.y + p * row.y_pixel + c, row.channels - c, sum);
    }
  }
}

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
  if (shares_columns(row)) return avg_pool_by_columns(params, row);
  Mean mean(params, row, row.columns[0]);
  for (int64_t p = 0; p < row.width; ++p) {
    mean.use(row.columns[p]);
    for (int64_t c = 0; c < row.channels; c += kChannels) {
      Sums sums(_mm256_set1_epi8(static_cast<char>(params.x.flip)));
      for_each_tap(row, row.columns[p], c, [&](const uint8_t* tap) { sums.add(tap); });
      sums.flush();
      mean.store(row.y + p * row.y_pixel + c, row.channels - c, sums);
    }
  }
}

void avg_pool_float(int64_t divisor, const PoolRow& row) {
  for (int64_t p = 0; p < row.width; ++p) {
    const __m256 count = _mm256_set1_ps(static_cast<float>(avg_count(divisor, row, row.columns[p])));
    for (int64_t c = 0; c < row.channels; c += 8) {
      __m256 sum = _mm256_setzero_ps();
      for_each_tap(row, row.columns[p], 4 * c,
                   [&](const uint8_t* tap) { sum = _mm256_add_ps(sum, load_floats(floats(tap), row.channels - c)); });
      store_floats(floats(row.y + p * row.y_pixel) + c, row.channels - c, _mm256_div_ps(sum, count));
    }
  }
}

}  // namespace octavo::avx2
