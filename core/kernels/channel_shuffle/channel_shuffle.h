// Channel shuffle in channels_last memory: what a kernel is told, as plain data, and the kernels.
#pragma once

#include <cstddef>
#include <cstdint>

namespace octavo {

// A run of pixels. Channel i·(channels/groups) + j of x becomes channel j·groups + i of y.
struct ChannelShuffleArgs {
  const uint8_t* x;
  uint8_t* y;
  int64_t x_pixel, y_pixel;  // bytes from one pixel to the next
  int64_t pixels, channels, groups;
  int64_t item;  // bytes of an element
};

using ChannelShuffleFunction = void (*)(const ChannelShuffleArgs&);

void channel_shuffle_reference(const ChannelShuffleArgs& args);
// Two groups of 8-bit elements: the two halves of a pixel, interleaved. `item` and `groups` are not read.
void channel_shuffle_avx2(const ChannelShuffleArgs& args);
void channel_shuffle_avx512(const ChannelShuffleArgs& args);
void channel_shuffle_neon(const ChannelShuffleArgs& args);

}  // namespace octavo
