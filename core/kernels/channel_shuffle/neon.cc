#include <arm_neon.h>

#include "kernels/channel_shuffle/vector.h"

namespace octavo {
namespace {

inline void interleave(const uint8_t* low, const uint8_t* high, uint8_t* y) {
  vst2q_u8(y, uint8x16x2_t{{vld1q_u8(low), vld1q_u8(high)}});
}

}  // namespace

void channel_shuffle_neon(const ChannelShuffleArgs& args) { shuffle_pixels(args, interleave); }

}  // namespace octavo
