// Convolution tiles from products of bytes: four bytes of a pixel, broadcast, meet the weights of every lane.
//
// L is a vector of the instruction set (avx2.cc, avx512.cc, avx_vnni.cc); L::dot(acc, x, w) adds four products to each
// lane. Where it goes by way of vpmaddubsw (L::kSaturates), two products join in 16 bits and must not exceed them:
// weights were packed so that none does whatever the pixel (excess.h), and what was taken from them is added
// afterwards.
#pragma once

#include <cstdint>

#include "kernels/conv/excess.h"
#include "kernels/conv/through_memory.h"

namespace octavo {
namespace {

template <class L, bool kFlip>
[[gnu::always_inline]] inline typename L::Vector four_bytes(const uint8_t* p) {
  const typename L::Vector x = L::broadcast(p);
  return kFlip ? L::flipped(x) : x;
}

// Where the words of a list lie in x: they are numbered through all segments, and ascend.
class WordPlaces {
 public:
  explicit WordPlaces(const ConvTile& tile) : tile_(tile) {}
  int64_t operator()(int64_t word) {
    for (; word >= first_ + tile_.steps; first_ += tile_.steps) ++segment_;
    return tile_.segment[segment_] + tile_.x_offset + 4 * (word - first_);
  }

 private:
  const ConvTile& tile_;
  int64_t segment_ = 0, first_ = 0;  // first_: the number of the segment's first word
};

// Adds what was taken from the weights of a vector to its sums, which lie `stride` apart. Returns the end of its list.
template <class L, bool kFlip, int MR>
[[gnu::noinline]] const int8_t* add_excess(const ConvTile& tile, const int8_t* list, int32_t* sums, int stride) {
  using Vector = typename L::Vector;
  int32_t groups;
  std::memcpy(&groups, list, sizeof groups);
  list += sizeof groups;
  if (groups == 0) return list;
  Vector acc[MR];
  unroll<MR>([&](auto i) [[gnu::always_inline]] { acc[i] = L::load(sums + i * stride); });
  WordPlaces place(tile);
  for (; groups > 0; --groups) {
    const int8_t* word = list;
    list += kExcessGroup * sizeof(int32_t);
    Vector sum[MR];
    unroll<kExcessGroup>([&](auto e) [[gnu::always_inline]] {
      int32_t number;
      std::memcpy(&number, word + e * sizeof number, sizeof number);
      const int64_t at = place(number);
      const Vector weight = L::load(list);
      list += 4 * L::kLanes;
      unroll<MR>([&](auto i) [[gnu::always_inline]] {
        const Vector product = L::multiply(four_bytes<L, kFlip>(tile.x[i] + at), weight);
        sum[i] = e == 0 ? product : L::add16(sum[i], product);
      });
    });
    unroll<MR>([&](auto i) [[gnu::always_inline]] { acc[i] = L::add(acc[i], L::widened_sum(sum[i])); });
  }
  unroll<MR>([&](auto i) [[gnu::always_inline]] { L::store(sums + i * stride, acc[i]); });
  return list;
}

template <class L, bool kFlip, int MR, int NV>
[[gnu::always_inline]] inline void accumulate_bytes(const ConvTile& tile, typename L::Vector (&acc)[MR][NV]) {
  constexpr int kBytes = 4 * L::kLanes;
  const auto* w = static_cast<const int8_t*>(tile.weight);
  const uint8_t* x[MR];
  unroll<MR>([&](auto i) [[gnu::always_inline]] { x[i] = tile.x[i] + tile.x_offset; });
  for (int64_t s = 0; s < tile.segments; ++s) {
    const int64_t begin = tile.segment[s], end = begin + 4 * tile.steps;
    for (int64_t at = begin; at != end; at += 4, w += NV * kBytes) {
      typename L::Vector weight[NV];
      unroll<NV>([&](auto v) [[gnu::always_inline]] { weight[v] = L::load(w + v * kBytes); });
      unroll<MR>([&](auto i) [[gnu::always_inline]] {
        const typename L::Vector four = four_bytes<L, kFlip>(x[i] + at);
        unroll<NV>([&](auto v) [[gnu::always_inline]] { acc[i][v] = L::dot(acc[i][v], four, weight[v]); });
      });
    }
  }
}

template <class L, bool kFlip, int MR, int NV>
[[gnu::noinline]] void run_bytes(const ConvTile& tile) {
  typename L::Vector acc[MR][NV];
  start<L>(tile, acc);
  accumulate_bytes<L, kFlip>(tile, acc);
  Kept<L, MR, NV> kept(acc);
  if constexpr (L::kSaturates) {
    const int8_t* list = tile.excess;
    for (int v = 0; v < NV; ++v)
      list = add_excess<L, kFlip, MR>(tile, list, kept.sum[0] + v * L::kLanes, kept.kChannels);
  }
  kept.store(tile);
}

template <class L, int MR, int NV>
void run_bytes(const ConvTile& tile) {
  return tile.x_flip != 0 ? run_bytes<L, true, MR, NV>(tile) : run_bytes<L, false, MR, NV>(tile);
}

}  // namespace
}  // namespace octavo
