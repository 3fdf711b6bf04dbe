#include "kernels/channel_shuffle/table.h"

namespace octavo {
namespace {

constexpr ChannelShuffleKernel kKernels[] = {
#if defined(__x86_64__)
    {"avx512 two groups", Isa::avx512, 1, 2, channel_shuffle_avx512},
    {"avx2 two groups", Isa::avx2, 1, 2, channel_shuffle_avx2},
#elif defined(__aarch64__)
    {"neon two groups", Isa::neon, 1, 2, channel_shuffle_neon},
#endif
    {"reference", Isa::reference, 0, 0, channel_shuffle_reference},
};

}  // namespace

std::span<const ChannelShuffleKernel> channel_shuffle_kernels() { return kKernels; }

const ChannelShuffleKernel& find_channel_shuffle_kernel(Isa isa, int64_t item, int64_t groups) {
  for (;; isa = fallback_of(isa))  // the reference takes anything
    for (const ChannelShuffleKernel& row : kKernels)
      if (row.isa == isa && (row.item == 0 || (row.item == item && row.groups == groups))) return row;
}

}  // namespace octavo
