// Convolution tiles of up to 6 pixels x 16 channels from instructions that add four products to each lane.
//
// 24 accumulators, 6 registers with 16 bytes of a pixel each, 1 of weights: 31 of 32 registers.
#pragma once

#include "kernels/conv/neon_store.h"

namespace octavo {
namespace {

// D::Bytes are 16 bytes of a pixel. D::load(p, x_flip) loads them as D multiplies them; D::dot<i>(sums, weights, x)
// adds the products of bytes 4 i to 4 i + 3 and the weights of four channels.
template <class D, int MR, int kStep, int kSteps>
[[gnu::always_inline]] inline void multiply(const typename D::Bytes (&x)[MR], const int8_t* w,
                                            int32x4_t (&acc)[MR][4]) {
  if constexpr (kStep < kSteps) {
#pragma GCC unroll 4
    for (int v = 0; v < 4; ++v) {
      const int8x16_t weight = vld1q_s8(w + 64 * kStep + 16 * v);
#pragma GCC unroll 6
      for (int i = 0; i < MR; ++i) acc[i][v] = D::template dot<kStep>(acc[i][v], weight, x[i]);
    }
    multiply<D, MR, kStep + 1, kSteps>(x, w, acc);
  }
}

template <class D, int MR>
[[gnu::always_inline]] inline void load(const ConvTile& tile, int64_t at, typename D::Bytes (&x)[MR]) {
#pragma GCC unroll 6
  for (int i = 0; i < MR; ++i) x[i] = D::load(tile.x[i] + at, tile.x_flip);
}

template <class D, int MR>
void run(const ConvTile& tile) {
  int32x4_t acc[MR][4];
#pragma GCC unroll 6
  for (int i = 0; i < MR; ++i)
#pragma GCC unroll 4
    for (int v = 0; v < 4; ++v) acc[i][v] = vld1q_s32(tile.bias + 4 * v);
  const auto* w = static_cast<const int8_t*>(tile.weight);
  for (int64_t s = 0; s < tile.segments; ++s) {
    int64_t at = tile.segment[s] + tile.x_offset;
    const int64_t end = at + 4 * tile.steps;
    typename D::Bytes x[MR];
    for (; at + 16 <= end; at += 16, w += 16 * kChannels) {
      load<D, MR>(tile, at, x);
      multiply<D, MR, 0, 4>(x, w, acc);
    }
    for (; at < end; at += 4, w += 4 * kChannels) {
      load<D, MR>(tile, at, x);
      multiply<D, MR, 0, 1>(x, w, acc);
    }
  }
  store_tile(tile, acc, MR);
}

}  // namespace
}  // namespace octavo
