#include "kernels/avx512.h"
#include "kernels/quantize/interleave.h"
#include "kernels/quantize/quantize.h"

namespace octavo::avx512_vnni {

void quantize(float inv, const Requantize& out, const Block& block) {
  const Requantize y = out;  // a copy that no store of bytes can alias
  const __m512 scale = _mm512_set1_ps(inv);
  const auto scaled = [&](const float* x, int64_t n) { return _mm512_mul_ps(load_floats(x, n), scale); };
  if (block.stride[0] == 1 && block.stride[1] == 4) {
    for (int64_t row = 0; row < block.rows; ++row) {
      const float* x = floats(block.data[1] + row * block.row_stride[1]);
      requantize_row(block.data[0] + row * block.row_stride[0], block.count, y,
                     [&](int64_t i, int64_t left) { return scaled(x + i, left); });
    }
  } else if (block.stride[0] == 1 && block.row_stride[1] == 4) {
    quantize_planes(block, [&](const float* x, int64_t n) { return requantize16(scaled(x, n), y); });
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
              [&](int64_t i, int64_t) { return _mm512_mul_ps(load_levels(from + i, x), _mm512_set1_ps(scale)); });
  }
}

}  // namespace octavo::avx512_vnni
