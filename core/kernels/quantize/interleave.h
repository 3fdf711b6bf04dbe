// Planes of floats to interleaved bytes: 16 pixels at a time are quantized plane by plane, then transposed in
// registers.
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "kernels/elementwise.h"

namespace octavo {
namespace {

inline void store16(uint8_t* to, int64_t n, __m128i bytes) {
  if (n >= 16) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), bytes);
    return;
  }
  alignas(16) uint8_t buffer[16];
  _mm_store_si128(reinterpret_cast<__m128i*>(buffer), bytes);
  for (int64_t i = 0; i < n; ++i) to[i] = buffer[i];
}

// Where byte `i` of vector `v` of interleaved r, g, b comes from: pixel (16 * v + i) / 3 of plane (16 * v + i) % 3.
struct RgbShuffles {
  alignas(16) int8_t index[3][3][16];
  constexpr RgbShuffles() : index() {
    for (int v = 0; v < 3; ++v)
      for (int plane = 0; plane < 3; ++plane)
        for (int i = 0; i < 16; ++i)
          index[v][plane][i] = static_cast<int8_t>((16 * v + i) % 3 == plane ? (16 * v + i) / 3 : -1);
  }
};
constexpr RgbShuffles kRgb;

inline __m128i rgb_part(int v, const __m128i planes[3]) {
  __m128i bytes = _mm_setzero_si128();
  for (int plane = 0; plane < 3; ++plane) {
    const __m128i index = _mm_load_si128(reinterpret_cast<const __m128i*>(kRgb.index[v][plane]));
    bytes = _mm_or_si128(bytes, _mm_shuffle_epi8(planes[plane], index));
  }
  return bytes;
}

// Four bytes of each of `n` pixels, of which the first `channels` are written.
inline void store_pixels(uint8_t* to, int64_t stride, int64_t n, int64_t channels, const __m128i planes[4]) {
  const __m128i low01 = _mm_unpacklo_epi8(planes[0], planes[1]), high01 = _mm_unpackhi_epi8(planes[0], planes[1]);
  const __m128i low23 = _mm_unpacklo_epi8(planes[2], planes[3]), high23 = _mm_unpackhi_epi8(planes[2], planes[3]);
  alignas(16) uint8_t pixels[64];
  _mm_store_si128(reinterpret_cast<__m128i*>(pixels), _mm_unpacklo_epi16(low01, low23));
  _mm_store_si128(reinterpret_cast<__m128i*>(pixels + 16), _mm_unpackhi_epi16(low01, low23));
  _mm_store_si128(reinterpret_cast<__m128i*>(pixels + 32), _mm_unpacklo_epi16(high01, high23));
  _mm_store_si128(reinterpret_cast<__m128i*>(pixels + 48), _mm_unpackhi_epi16(high01, high23));
  for (int64_t i = 0; i < n; ++i, to += stride) {
    if (channels == 4)
      __builtin_memcpy(to, pixels + 4 * i, 4);
    else
      for (int64_t c = 0; c < channels; ++c) to[c] = pixels[4 * i + c];
  }
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
      __m128i planes[4];
      for (int64_t i = 0; i < 4; ++i)
        planes[i] = i < channels ? quantize16(reinterpret_cast<const float*>(from + (c + i) * block.stride[1]), n)
                                 : _mm_setzero_si128();
      if (rgb)
        for (int v = 0; 16 * v < 3 * n; ++v) store16(to + 16 * v, 3 * n - 16 * v, rgb_part(v, planes));
      else
        store_pixels(to + c, block.row_stride[0], n, channels, planes);
    }
  }
}

}  // namespace
}  // namespace octavo
