// The two halves of a pixel interleaved, 16 channels of each at a time. The last step overlaps the one before it, so
// that nothing is written past the pixel. Everything has internal linkage.
#pragma once

#include "kernels/channel_shuffle/channel_shuffle.h"

namespace octavo {
namespace {

// interleave(low, high, y): 16 bytes of each to 32 of y.
template <class Interleave>
inline void shuffle_pixels(const ChannelShuffleArgs& args, Interleave interleave) {
  const int64_t half = args.channels / 2;
  for (int64_t pixel = 0; pixel < args.pixels; ++pixel) {
    const uint8_t* x = args.x + pixel * args.x_pixel;
    uint8_t* y = args.y + pixel * args.y_pixel;
    int64_t j = 0;
    for (; j + 16 <= half; j += 16) interleave(x + j, x + half + j, y + 2 * j);
    if (j < half && half >= 16) {
      j = half - 16;
      interleave(x + j, x + half + j, y + 2 * j);
      continue;
    }
    for (; j < half; ++j) {
      y[2 * j] = x[j];
      y[2 * j + 1] = x[half + j];
    }
  }
}

}  // namespace
}  // namespace octavo
