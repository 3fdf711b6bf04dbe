// Channels across lanes, 64 bytes at a time; means sum 16-bit levels, up to 256 taps between widenings to 32 bits.
#include "kernels/avx512.h"
#include "kernels/pool/pool.h"

namespace octavo::avx512_vnni {
namespace {

constexpr int kTapsPerFlush = 256;  // 256 * 255 fits 16 bits

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

// Sums of 64 channels.
class Sums {
 public:
  explicit Sums(uint32_t flip) : flip_(_mm512_set1_epi8(static_cast<char>(flip))) {}

  void add(const uint8_t* tap) {
    if (pending_ == kTapsPerFlush) flush();
    ++pending_;
    const __m512i levels = _mm512_xor_si512(_mm512_loadu_si512(tap), flip_);
    half_[0] = _mm512_add_epi16(half_[0], _mm512_cvtepu8_epi16(_mm512_castsi512_si256(levels)));
    half_[1] = _mm512_add_epi16(half_[1], _mm512_cvtepu8_epi16(_mm512_extracti64x4_epi64(levels, 1)));
  }

  void flush() {
    for (int i = 0; i < 4; ++i) {
      const __m256i words = i % 2 == 0 ? _mm512_castsi512_si256(half_[i / 2]) : _mm512_extracti64x4_epi64(half_[i / 2], 1);
      total_[i] = _mm512_add_epi32(total_[i], _mm512_cvtepu16_epi32(words));
    }
    half_[0] = half_[1] = _mm512_setzero_si512();
    pending_ = 0;
  }

  // Of the 16 channels from 16 * i on; flushed.
  __m512i total(int64_t i) const { return total_[i]; }

 private:
  __m512i flip_;
  __m512i half_[2] = {_mm512_setzero_si512(), _mm512_setzero_si512()};
  __m512i total_[4] = {_mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512()};
  int pending_ = 0;
};

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
        const __mmask16 larger =
            _mm512_cmp_ps_mask(x, largest, _CMP_GT_OQ) | _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q);
        largest = _mm512_mask_mov_ps(largest, larger, x);
      });
      store_floats(floats(row.y + p * row.y_pixel) + c, row.channels - c, largest);
    }
}

void avg_pool(const AvgPoolParams& params, const PoolRow& row) {
  for (int64_t p = 0; p < row.width; ++p) {
    const PoolWindow columns = row.columns[p];
    const __m512 m = _mm512_set1_ps(avg_multiplier(params, avg_count(params.divisor, row, columns)));
    const int64_t taps = tap_count(row.rows) * tap_count(columns);
    const __m512i zero = _mm512_set1_epi32(static_cast<int32_t>(taps * params.x.zero_point));
    for (int64_t c = 0; c < row.channels; c += 64) {
      Sums sums(params.x.flip);
      for_each_tap(row, columns, c, [&](const uint8_t* tap) { sums.add(tap); });
      sums.flush();
      requantize_row(row.y + p * row.y_pixel + c, row.channels - c < 64 ? row.channels - c : 64, params.y,
                     [&](int64_t i, int64_t) {
                       return _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_sub_epi32(sums.total(i / 16), zero)), m);
                     });
    }
  }
}

void avg_pool_float(int64_t divisor, const PoolRow& row) {
  for (int64_t p = 0; p < row.width; ++p) {
    const __m512 count = _mm512_set1_ps(static_cast<float>(avg_count(divisor, row, row.columns[p])));
    for (int64_t c = 0; c < row.channels; c += 16) {
      __m512 sum = _mm512_setzero_ps();
      for_each_tap(row, row.columns[p], 4 * c, [&](const uint8_t* tap) {
        sum = _mm512_add_ps(sum, load_floats(floats(tap), row.channels - c));
      });
      store_floats(floats(row.y + p * row.y_pixel) + c, row.channels - c, _mm512_div_ps(sum, count));
    }
  }
}

}  // namespace octavo::avx512_vnni
