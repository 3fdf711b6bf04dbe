// A tile of 4 pixels and 16 channels: 8 registers of sums, 2 of weights, 1 of inputs, 1 of products. On 56x56x64, 3x3,
// three quarters of the multiply-add peak, though the multiplication and the addition are instructions of their own.
#include "kernels/avx2.h"
#include "kernels/float_conv/float_conv.h"

namespace octavo::avx2 {
namespace {

constexpr int kPixels = 4;

// `pixels` outputs of `vectors` * 8 channels from channel `channel` of the block on.
template <int pixels, int vectors>
inline void tile(const FloatConvRow& row, const uint8_t* x, uint8_t* y, int64_t channel) {
  __m256 sum[pixels][vectors];
  for (int p = 0; p < pixels; ++p)
    for (int v = 0; v < vectors; ++v) sum[p][v] = _mm256_setzero_ps();
  const float* weight = row.weight + channel;
  for (int64_t h = 0; h < row.kernel_rows; ++h)
    for (int64_t w = 0; w < row.kernel_columns; ++w) {
      const float* tap = floats(x + h * row.tap_row + w * row.tap_column);
      for (int64_t c = 0; c < row.in_channels; ++c, weight += kFloatConvBlock) {
        __m256 factor[vectors];
        for (int v = 0; v < vectors; ++v) factor[v] = _mm256_loadu_ps(weight + 8 * v);
        for (int p = 0; p < pixels; ++p) {
          const __m256 value = _mm256_set1_ps(tap[p * row.x_pixel / 4 + c]);
          for (int v = 0; v < vectors; ++v) sum[p][v] = _mm256_add_ps(sum[p][v], _mm256_mul_ps(value, factor[v]));
        }
      }
    }
  for (int p = 0; p < pixels; ++p)
    for (int v = 0; v < vectors; ++v) {
      const int64_t first = channel + 8 * v;
      const __m256 result = _mm256_add_ps(sum[p][v], _mm256_loadu_ps(row.bias + first));
      if (row.out_channels > first) store_floats(floats(y + p * row.y_pixel) + first, row.out_channels - first, result);
    }
}

template <int vectors>
void channels(const FloatConvRow& row, int64_t channel) {
  int64_t p = 0;
  for (; p + kPixels <= row.pixels; p += kPixels)
    tile<kPixels, vectors>(row, row.x + p * row.x_pixel, row.y + p * row.y_pixel, channel);
  for (; p < row.pixels; ++p) tile<1, vectors>(row, row.x + p * row.x_pixel, row.y + p * row.y_pixel, channel);
}

}  // namespace

void float_conv(const FloatConvRow& row) {
  int64_t channel = 0;
  for (; channel + 8 < row.out_channels; channel += 16) channels<2>(row, channel);
  if (channel < row.out_channels) channels<1>(row, channel);
}

void float_depthwise(const FloatConvRow& row) {
  for (int64_t p = 0; p < row.pixels; ++p)
    for (int64_t c = 0; c < row.out_channels; c += 8) {
      const int64_t left = row.out_channels - c;
      const float* weight = row.weight + c;
      __m256 sum = _mm256_setzero_ps();
      for (int64_t h = 0; h < row.kernel_rows; ++h)
        for (int64_t w = 0; w < row.kernel_columns; ++w, weight += kFloatConvBlock) {
          const float* tap = floats(row.x + p * row.x_pixel + h * row.tap_row + w * row.tap_column) + c;
          sum = _mm256_add_ps(sum, _mm256_mul_ps(load_floats(tap, left), _mm256_loadu_ps(weight)));
        }
      store_floats(floats(row.y + p * row.y_pixel) + c, left, _mm256_add_ps(sum, _mm256_loadu_ps(row.bias + c)));
    }
}

}  // namespace octavo::avx2
