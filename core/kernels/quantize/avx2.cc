#include "kernels/avx2.h"
#include "kernels/quantize/interleave.h"
#include "kernels/quantize/quantize.h"

namespace octavo::avx2 {

void quantize(float inv, const Requantize& out, const Block& block) {
  const Requantize y = out;  // a copy that no store of bytes can alias
  const __m256 scale = _mm256_set1_ps(inv);
  const auto scaled = [&](const float* x, int64_t n) { return _mm256_mul_ps(load_floats(x, n), scale); };
  if (block.stride[0] == 1 && block.stride[1] == 4) {
    for (int64_t row = 0; row < block.rows; ++row) {
      const float* x = floats(block.data[1] + row * block.row_stride[1]);
      requantize_row(block.data[0] + row * block.row_stride[0], block.count, y,
                     [&](int64_t i, int64_t left) { return scaled(x + i, left); });
    }
  } else if (block.stride[0] == 1 && block.row_stride[1] == 4) {
    const __m256i none = _mm256_setzero_si256();
    quantize_planes(block, [&](const float* x, int64_t n) {
      const __m256i first = round_clamped(scaled(x, n), y);
      const __m256i second = n > 8 ? round_clamped(scaled(x + 8, n - 8), y) : none;
      return _mm256_castsi256_si128(pack_levels(first, second, none, none, y));
    });
  } else {
    reference::quantize(inv, y, block);
  }
}

void dequantize(const Levels& in, float scale, const Block& block) {
  if (block.stride[0] != 4 || block.stride[1] != 1) return reference::dequantize(in, scale, block);
  const Levels x = in;
  for (int64_t row = 0; row < block.rows; ++row) {
    const uint8_t* from = block.data[1] + row * block.row_stride[1];
    float_row(floats(block.data[0] + row * block.row_stride[0]), block.count,
              [&](int64_t i, int64_t) { return _mm256_mul_ps(load_levels(from + i, x), _mm256_set1_ps(scale)); });
  }
}

}  // namespace octavo::avx2
