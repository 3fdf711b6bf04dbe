#include <cstring>

#include "kernels/channel_shuffle/channel_shuffle.h"

namespace octavo {
namespace {

template <int kItem>
void shuffle(const ChannelShuffleArgs& args) {
  const int64_t depth = args.channels / args.groups;
  for (int64_t pixel = 0; pixel < args.pixels; ++pixel) {
    const uint8_t* x = args.x + pixel * args.x_pixel;
    uint8_t* y = args.y + pixel * args.y_pixel;
    for (int64_t i = 0; i < args.groups; ++i)
      for (int64_t j = 0; j < depth; ++j)
        std::memcpy(y + (j * args.groups + i) * kItem, x + (i * depth + j) * kItem, kItem);
  }
}

}  // namespace

void channel_shuffle_reference(const ChannelShuffleArgs& args) {
  if (args.item == 1) return shuffle<1>(args);
  if (args.item == 4) return shuffle<4>(args);
  shuffle<8>(args);
}

}  // namespace octavo
