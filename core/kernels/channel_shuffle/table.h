// Every channel shuffle kernel there is.
#pragma once

#include <span>

#include "kernels/channel_shuffle/channel_shuffle.h"
#include "kernels/isa.h"

namespace octavo {

struct ChannelShuffleKernel {
  const char* name;
  Isa isa;
  int64_t item, groups;  // 0: any
  ChannelShuffleFunction run;
};

std::span<const ChannelShuffleKernel> channel_shuffle_kernels();

// The most specialized kernel that `isa` can run.
const ChannelShuffleKernel& find_channel_shuffle_kernel(Isa isa, int64_t item, int64_t groups);

}  // namespace octavo
