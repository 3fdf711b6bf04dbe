// Grouped convolution, 4, 8 or 16 channels in and as many out a group: tiles of up to 5 pixels x 64 channels, for plain
// output of plain input.
//
// A vector of 64 channels of a pixel holds, in each 128-bit block, four words of four channels. Word j repeated over
// its block meets the weights of four outputs of its group, so no product is one with zero: 4, 8 or 16 products a tap
// and pixel for four shuffles, which run beside them. 5 x 64: 20 accumulators, up to 4 weight vectors, 1 shuffled
// pixel: 25 of 32 registers; with 6 pixels a core sees less of the next tile before this one is stored. Share of the
// peak of a register-only vpdpbusd loop, on Zen 4: 86 % for groups of 8 channels at 56², 94 % for 16 at 28², 72 % for 4
// at 56² (docs/direct_convolution.md).
#include "kernels/conv/avx512_vnni_finish.h"

namespace octavo {
namespace {

constexpr int kVectors = 4;

// A function, not a lambda: gcc leaves one of this size out of line, with the accumulators in memory.
template <int kGroup, int kWord, int MR>
[[gnu::always_inline]] inline void multiply_word(const uint8_t* const (&x)[MR], int64_t at, const __m512i* w,
                                                 __m512i (&acc)[MR][kVectors]) {
  constexpr int kOutputs = kGroup / 4;  // vectors of outputs that a word of inputs belongs to
  constexpr int kFirst = kWord / kOutputs * kOutputs;
  __m512i weight[kOutputs];
  unroll<kOutputs>([&](auto v) [[gnu::always_inline]] { weight[v] = w[kWord * kOutputs + v]; });
  unroll<MR>([&](auto i) [[gnu::always_inline]] {
    const __m512i pixel = _mm512_shuffle_epi32(_mm512_loadu_si512(x[i] + at), static_cast<_MM_PERM_ENUM>(kWord * 0x55));
    unroll<kOutputs>([&](auto v)
                         [[gnu::always_inline]] { acc[i][kFirst + v] = dot(acc[i][kFirst + v], pixel, weight[v]); });
  });
}

template <int kGroup, int MR>
[[gnu::always_inline]] inline void accumulate(const ConvTile& tile, __m512i (&acc)[MR][kVectors]) {
  unroll<kVectors>([&](auto v) [[gnu::always_inline]] {
    const __m512i bias = _mm512_loadu_si512(tile.bias + 16 * v);
    unroll<MR>([&](auto i) [[gnu::always_inline]] { acc[i][v] = bias; });
  });
  const auto* w = static_cast<const __m512i*>(tile.weight);
  const uint8_t* x[MR];
  unroll<MR>([&](auto i) [[gnu::always_inline]] { x[i] = tile.x[i] + tile.x_offset; });
  for (int64_t s = 0; s < tile.segments; ++s, w += kGroup) {
    multiply_word<kGroup, 0>(x, tile.segment[s], w, acc);
    multiply_word<kGroup, 1>(x, tile.segment[s], w, acc);
    multiply_word<kGroup, 2>(x, tile.segment[s], w, acc);
    multiply_word<kGroup, 3>(x, tile.segment[s], w, acc);
  }
}

template <bool kResidual, bool kBare, int kGroup, int MR>
[[gnu::noinline]] void run_plain(const ConvTile& tile) {
  __m512i acc[MR][kVectors];
  accumulate<kGroup, MR>(tile, acc);
  unroll<MR>([&](auto i) [[gnu::always_inline]] { finish<kResidual, kBare, kVectors>(tile, acc[i], i); });
}

template <int kGroup, int MR>
void run(const ConvTile& tile) {
  if (tile.residual != nullptr) return run_plain<true, false, kGroup, MR>(tile);
  return tile.out->is_bare ? run_plain<false, true, kGroup, MR>(tile) : run_plain<false, false, kGroup, MR>(tile);
}

}  // namespace

const ConvFunction kConvAvx512VnniGroups4[] = {nullptr, run<4, 1>, run<4, 2>, run<4, 3>, run<4, 4>, run<4, 5>};
const ConvFunction kConvAvx512VnniGroups8[] = {nullptr, run<8, 1>, run<8, 2>, run<8, 3>, run<8, 4>, run<8, 5>};
const ConvFunction kConvAvx512VnniGroups16[] = {nullptr, run<16, 1>, run<16, 2>, run<16, 3>, run<16, 4>, run<16, 5>};

}  // namespace octavo
