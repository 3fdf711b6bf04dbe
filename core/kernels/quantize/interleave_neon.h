// Interleaves the bytes of four planes, 16 pixels of each: stores do it.
#pragma once

#include <arm_neon.h>

#include <cstdint>

namespace octavo {
namespace {

inline void copy_bytes(uint8_t* to, const uint8_t* from, int64_t n) {
  for (int64_t i = 0; i < n; ++i) to[i] = from[i];
}

struct InterleaveNeon {
  using Bytes = uint8x16_t;
  static Bytes zeros() { return vdupq_n_u8(0); }
  static void store_rgb(uint8_t* to, int64_t n, const Bytes (&planes)[4]) {
    uint8_t pixels[48];
    vst3q_u8(pixels, uint8x16x3_t{{planes[0], planes[1], planes[2]}});
    copy_bytes(to, pixels, 3 * n);
  }
  // Four bytes of each of `n` pixels, of which the first `channels` are written.
  static void store_pixels(uint8_t* to, int64_t stride, int64_t n, int64_t channels, const Bytes (&planes)[4]) {
    uint8_t pixels[64];
    vst4q_u8(pixels, uint8x16x4_t{{planes[0], planes[1], planes[2], planes[3]}});
    for (int64_t i = 0; i < n; ++i) copy_bytes(to + i * stride, pixels + 4 * i, channels);
  }
};

}  // namespace
}  // namespace octavo
