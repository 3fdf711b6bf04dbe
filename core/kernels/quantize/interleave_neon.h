// Planes of floats to interleaved bytes: 16 pixels at a time are quantized plane by plane; stores interleave them.
#pragma once

#include <arm_neon.h>

#include <cstdint>

#include "kernels/elementwise.h"

namespace octavo {
namespace {

inline void copy_bytes(uint8_t* to, const uint8_t* from, int64_t n) {
  for (int64_t i = 0; i < n; ++i) to[i] = from[i];
}

// block: a row is a pixel, its elements are channels; the input's planes are contiguous along the rows and the output's
// channels are contiguous. quantize16(x, n) gives the bytes of n <= 16 floats.
template <class Quantize16>
inline void quantize_planes(const Block& block, Quantize16 quantize16) {
  const bool rgb = block.count == 3 && block.row_stride[0] == 3;
  for (int64_t row = 0; row < block.rows; row += 16) {
    const int64_t n = block.rows - row < 16 ? block.rows - row : 16;
    uint8_t* to = block.data[0] + row * block.row_stride[0];
    const uint8_t* from = block.data[1] + 4 * row;
    for (int64_t c = 0; c < block.count; c += 4) {
      const int64_t channels = block.count - c < 4 ? block.count - c : 4;
      uint8x16_t planes[4];
      for (int64_t i = 0; i < 4; ++i)
        planes[i] = i < channels ? quantize16(reinterpret_cast<const float*>(from + (c + i) * block.stride[1]), n)
                                 : vdupq_n_u8(0);
      uint8_t pixels[64];
      if (rgb) {
        vst3q_u8(pixels, uint8x16x3_t{{planes[0], planes[1], planes[2]}});
        copy_bytes(to, pixels, 3 * n);
      } else {
        vst4q_u8(pixels, uint8x16x4_t{{planes[0], planes[1], planes[2], planes[3]}});
        for (int64_t i = 0; i < n; ++i) copy_bytes(to + i * block.row_stride[0] + c, pixels + 4 * i, channels);
      }
    }
  }
}

}  // namespace
}  // namespace octavo
