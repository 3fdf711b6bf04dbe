// Convolution tiles from 16-bit products: vpmaddwd adds two of them in 32 bits, and is exact whatever the weights are.
//
// Bytes are widened first: pixels once a chunk into a small buffer, weights as they are loaded. L is a vector of the
// instruction set (avx2.cc, avx512.cc).
#pragma once

#include <cstdint>

#include "kernels/conv/through_memory.h"

namespace octavo {
namespace {

constexpr int64_t kChunk = 128;  // bytes of a pixel widened at a time

template <int MR>
[[gnu::always_inline]] inline void widen(const ConvTile& tile, int64_t at, int64_t count, int16_t (&wide)[MR][kChunk]) {
  const __m128i flip = _mm_set1_epi8(static_cast<char>(tile.x_flip));
  for (int i = 0; i < MR; ++i) {
    for (int64_t k = 0; k < count; k += 16) {
      const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(tile.x[i] + at + k));
      const __m256i words = _mm256_cvtepu8_epi16(_mm_xor_si128(bytes, flip));
      _mm256_store_si256(reinterpret_cast<__m256i*>(wide[i] + k), words);
    }
  }
}

template <class L, int MR, int NV>
[[gnu::always_inline]] inline void accumulate_words(const ConvTile& tile, typename L::Vector (&acc)[MR][NV]) {
  constexpr int kPair = 2 * L::kLanes;  // bytes of a vector's weights for two bytes of a pixel
  alignas(64) int16_t wide[MR][kChunk];
  const auto* w = static_cast<const int8_t*>(tile.weight);
  for (int64_t s = 0; s < tile.segments; ++s) {
    int64_t at = tile.segment[s] + tile.x_offset;
    const int64_t end = at + 4 * tile.steps;
    for (; at < end; at += kChunk) {
      const int64_t count = end - at < kChunk ? end - at : kChunk;
      widen<MR>(tile, at, count, wide);
      for (int64_t k = 0; k < count; k += 2, w += NV * kPair) {
        typename L::Vector weight[NV];
        unroll<NV>([&](auto v) [[gnu::always_inline]] { weight[v] = L::widened(w + v * kPair); });
        unroll<MR>([&](auto i) [[gnu::always_inline]] {
          const typename L::Vector x = L::broadcast(wide[i] + k);
          unroll<NV>([&](auto v) [[gnu::always_inline]] { acc[i][v] = L::add(acc[i][v], L::madd(x, weight[v])); });
        });
      }
    }
  }
}

template <class L, int MR, int NV>
void run_words(const ConvTile& tile) {
  typename L::Vector acc[MR][NV];
  start<L>(tile, acc);
  accumulate_words<L>(tile, acc);
  Kept<L, MR, NV>(acc).store(tile);
}

}  // namespace
}  // namespace octavo
