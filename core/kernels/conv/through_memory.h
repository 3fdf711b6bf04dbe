// The beginning and the end of a tile whose sums go to its outputs by way of memory: one copy of that code serves every
// number of pixels. L is as in bytes.h. Everything has internal linkage.
#pragma once

#include "kernels/conv/store16.h"
#include "kernels/unroll.h"

namespace octavo {
namespace {

template <class L, int MR, int NV>
[[gnu::always_inline]] inline void start(const ConvTile& tile, typename L::Vector (&acc)[MR][NV]) {
  unroll<NV>([&](auto v) [[gnu::always_inline]] {
    const typename L::Vector bias = L::load(tile.bias + v * L::kLanes);
    unroll<MR>([&](auto i) [[gnu::always_inline]] { acc[i][v] = bias; });
  });
}

// The sums of a tile in memory.
template <class L, int MR, int NV>
struct Kept {
  static constexpr int kChannels = NV * L::kLanes;
  alignas(64) int32_t sum[MR][kChannels];

  explicit Kept(const typename L::Vector (&acc)[MR][NV]) {
    unroll<MR>([&](auto i) [[gnu::always_inline]] {
      unroll<NV>([&](auto v) [[gnu::always_inline]] { L::store(sum[i] + v * L::kLanes, acc[i][v]); });
    });
  }
  void store(const ConvTile& tile) const { store_tile(tile, sum[0], MR, kChannels); }
};

}  // namespace
}  // namespace octavo
