// Interleaves the bytes of four planes, 16 pixels of each: they are transposed in registers.
#pragma once

#include <immintrin.h>

#include <cstdint>

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

struct InterleaveSse {
  using Bytes = __m128i;
  static Bytes zeros() { return _mm_setzero_si128(); }
  static void store_rgb(uint8_t* to, int64_t n, const Bytes (&planes)[4]) {
    for (int v = 0; 16 * v < 3 * n; ++v) store16(to + 16 * v, 3 * n - 16 * v, rgb_part(v, planes));
  }
  // Four bytes of each of `n` pixels, of which the first `channels` are written.
  static void store_pixels(uint8_t* to, int64_t stride, int64_t n, int64_t channels, const Bytes (&planes)[4]) {
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
};

}  // namespace
}  // namespace octavo
