#include "kernels/channel_shuffle/table.h"

namespace octavo {
namespace {

constexpr ChannelShuffleKernel kKernels[] = {
    {"avx512_vnni two groups", Isa::avx512_vnni, 1, 2, channel_shuffle_avx512_vnni},
    {"avx2 two groups", Isa::avx2, 1, 2, channel_shuffle_avx2},
    {"reference", Isa::reference, 0, 0, channel_shuffle_reference},
};

}  // namespace

std::span<const ChannelShuffleKernel> channel_shuffle_kernels() { return kKernels; }

const ChannelShuffleKernel& find_channel_shuffle_kernel(Isa isa, int64_t item, int64_t groups) {
  for (const ChannelShuffleKernel& row : kKernels)
    if (row.isa == isa && row.item == item && row.groups == groups) return row;
  return std::end(kKernels)[-1];  // it takes anything and runs anywhere
}

}  // namespace octavo
