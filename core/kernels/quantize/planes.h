// Planes of floats to interleaved bytes: 16 pixels at a time are quantized plane by plane, then interleaved.
#pragma once

#include <cstdint>

#include "kernels/elementwise.h"

namespace octavo {
namespace {

// block: a row is a pixel, its elements are channels; the input's planes are contiguous along the rows and the output's
// channels are contiguous. quantize16(x, n) gives the I::Bytes of n <= 16 floats; I is the instruction set's way to
// store 16 pixels (interleave_sse.h, interleave_neon.h).
template <class I, class Quantize16>
inline void quantize_planes(const Block& block, Quantize16 quantize16) {
  const bool rgb = block.count == 3 && block.row_stride[0] == 3;
  for (int64_t row = 0; row < block.rows; row += 16) {
    const int64_t n = block.rows - row < 16 ? block.rows - row : 16;
    uint8_t* to = block.data[0] + row * block.row_stride[0];
    const uint8_t* from = block.data[1] + 4 * row;
    for (int64_t c = 0; c < block.count; c += 4) {
      const int64_t channels = block.count - c < 4 ? block.count - c : 4;
      typename I::Bytes planes[4];
      for (int64_t i = 0; i < 4; ++i)
        planes[i] =
            i < channels ? quantize16(reinterpret_cast<const float*>(from + (c + i) * block.stride[1]), n) : I::zeros();
      if (rgb)
        I::store_rgb(to, n, planes);
      else
        I::store_pixels(to + c, block.row_stride[0], n, channels, planes);
    }
  }
}

}  // namespace
}  // namespace octavo
