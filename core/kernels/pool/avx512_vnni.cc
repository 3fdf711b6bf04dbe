// Channels across lanes, 64 bytes at a time; means sum 16-bit levels, up to 256 taps between widenings to 32 bits.
#include "kernels/avx512.h"
#include "kernels/pool/pool.h"

namespace octavo::avx512_vnni {
namespace {

constexpr int64_t kChannels = 64;
constexpr int64_t kTapsPerFlush = 256;  // 256 * 255 fits 16 bits
constexpr int64_t kMaxColumns = 128;

template <class Max>
void max_pool_bytes(const PoolRow& row, __m512i lowest, Max max) {
  for (int64_t p = 0; p < row.width; ++p) {
    const PoolWindow columns = row.columns[p];
    uint8_t* y = row.y + p * row.y_pixel;
    for (int64_t c = 0; c < row.channels; c += 64) {
      __m512i largest = lowest;
      for_each_tap(row, columns, c, [&](const uint8_t* tap) { largest = max(largest, _mm512_loadu_si512(tap)); });
      if (c + 64 <= row.channels)
        _mm512_storeu_si512(y + c, largest);
      else
        _mm512_mask_storeu_epi8(y + c, first_bytes(row.channels - c), largest);
    }
  }
}

// Sums of 64 channels in 16 bits: exact for up to kTapsPerFlush taps.
struct Words {
  __m512i half[2] = {_mm512_setzero_si512(), _mm512_setzero_si512()};

  void add(const uint8_t* tap, __m512i flip) {
    const __m512i levels = _mm512_xor_si512(_mm512_loadu_si512(tap), flip);
    half[0] = _mm512_add_epi16(half[0], _mm512_cvtepu8_epi16(_mm512_castsi512_si256(levels)));
    half[1] = _mm512_add_epi16(half[1], _mm512_cvtepu8_epi16(_mm512_extracti64x4_epi64(levels, 1)));
  }
  // Of the 16 channels from 16 * i on.
  __m512i widened(int64_t i) const {
    return _mm512_cvtepu16_epi32(i % 2 == 0 ? _mm512_castsi512_si256(half[i / 2])
                                            : _mm512_extracti64x4_epi64(half[i / 2], 1));
  }
};

// Sums of 64 channels in 32 bits.
class Sums {
 public:
  explicit Sums(__m512i flip) : flip_(flip) {}

  void add(const uint8_t* tap) {
    if (pending_ == kTapsPerFlush) flush();
    ++pending_;
    words_.add(tap, flip_);
  }
  void flush() {
    for (int64_t i = 0; i < 4; ++i) total_[i] = _mm512_add_epi32(total_[i], words_.widened(i));
    words_ = {};
    pending_ = 0;
  }
  __m512i widened(int64_t i) const { return total_[i]; }  // flushed

 private:
  __m512i flip_;
  Words words_;
  __m512i total_[4] = {_mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512()};
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
      return _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_sub_epi32(sum.widened(i / kLanes), zero_)), m_);
    });
  }

 private:
  void set(const PoolWindow& columns) {
    count_ = columns.count;
    span_ = columns.end - columns.first;
    m_ = _mm512_set1_ps(avg_multiplier(params_, avg_count(params_.divisor, row_, columns)));
    zero_ = _mm512_set1_epi32(static_cast<int32_t>(row_taps_ * tap_count(columns) * params_.x.zero_point));
  }

  const AvgPoolParams params_;
  const PoolRow& row_;
  int64_t row_taps_, count_, span_;
  __m512 m_;
  __m512i zero_;
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
  const __m512i flip = _mm512_set1_epi8(static_cast<char>(params.x.flip));
  const int64_t first = row.columns[0].first, end = row.columns[row.width - 1].end;
  Mean mean(params, row, row.columns[0]);
  for (int64_t c = 0; c < row.channels; c += kChannels) {
    __m512i column[kMaxColumns][2];
    for (int64_t w = first; w < end; ++w) {
      Words sum;
      for_each_tap(row, {.first = w, .end = w + 1}, c, [&](const uint8_t* tap) { sum.add(tap, flip); });
      for (int i = 0; i < 2; ++i) column[w - first][i] = sum.half[i];
    }
    for (int64_t p = 0; p < row.width; ++p) {
      const PoolWindow& columns = row.columns[p];
      Words sum;
      for (int64_t w = columns.first; w < columns.end; ++w)
        for (int i = 0; i < 2; ++i) sum.half[i] = _mm512_add_epi16(sum.half[i], column[w - first][i]);
      mean.use(columns);
      mean.store(row.y + p * row.y_pixel + c, row.channels - c, sum);
    }
  }
}

}  // namespace

void max_pool_u8(const PoolRow& row) {
  max_pool_bytes(row, _mm512_setzero_si512(), [](__m512i a, __m512i b) { return _mm512_max_epu8(a, b); });
}

void max_pool_s8(const PoolRow& row) {
  max_pool_bytes(row, _mm512_set1_epi8(-128), [](__m512i a, __m512i b) { return _mm512_max_epi8(a, b); });
}

void max_pool_float(const PoolRow& row) {
  for (int64_t p = 0; p < row.width; ++p)
    for (int64_t c = 0; c < row.channels; c += 16) {
      __m512 largest = _mm512_set1_ps(-__builtin_inff());
      for_each_tap(row, row.columns[p], 4 * c, [&](const uint8_t* tap) {
        const __m512 x = load_floats(floats(tap), row.channels - c);
        const __mmask16 larger = _mm512_cmp_ps_mask(x, largest, _CMP_GT_OQ) | _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q);
        largest = _mm512_mask_mov_ps(largest, larger, x);
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
      Sums sums(_mm512_set1_epi8(static_cast<char>(params.x.flip)));
      for_each_tap(row, row.columns[p], c, [&](const uint8_t* tap) { sums.add(tap); });
      sums.flush();
      mean.store(row.y + p * row.y_pixel + c, row.channels - c, sums);
    }
  }
}

void avg_pool_float(int64_t divisor, const PoolRow& row) {
  for (int64_t p = 0; p < row.width; ++p) {
    const __m512 count = _mm512_set1_ps(static_cast<float>(avg_count(divisor, row, row.columns[p])));
    for (int64_t c = 0; c < row.channels; c += 16) {
      __m512 sum = _mm512_setzero_ps();
      for_each_tap(row, row.columns[p], 4 * c,
                   [&](const uint8_t* tap) { sum = _mm512_add_ps(sum, load_floats(floats(tap), row.channels - c)); });
      store_floats(floats(row.y + p * row.y_pixel) + c, row.channels - c, _mm512_div_ps(sum, count));
    }
  }
}

}  // namespace octavo::avx512_vnni
