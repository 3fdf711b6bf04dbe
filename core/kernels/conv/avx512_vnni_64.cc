// Tiles of up to 6 pixels x 64 channels, for plain output of plain input.
//
// 6 x 64: 24 accumulators, 4 weight vectors, 1 broadcast of four bytes of a pixel: 29 of 32 registers. Beside 14 x 32
// it broadcasts less than half as often, stores whole cache lines, and needs fewer steps from accumulators to bytes,
// which is what costs where pixels have few channels: about 80 cycles a tile. Share of the peak of a register-only
// vpdpbusd loop, on Zen 4: 97-99 % on 3x3, 91-96 % on 1x1 with 128 input channels and more, 84 % at 56² 64 to 256.
#include "kernels/conv/avx512_vnni_64.h"

namespace octavo {
namespace {

constexpr int kVectors = 4;

template <int MR>
[[gnu::always_inline]] inline void accumulate(const ConvTile& tile, __m512i (&acc)[MR][kVectors]) {
  unroll<kVectors>([&](auto v) [[gnu::always_inline]] {
    const __m512i bias = _mm512_loadu_si512(tile.bias + 16 * v);
    unroll<MR>([&](auto i) [[gnu::always_inline]] { acc[i][v] = bias; });
  });
  const auto* w = static_cast<const __m512i*>(tile.weight);
  const uint8_t* x[MR];
  unroll<MR>([&](auto i) [[gnu::always_inline]] { x[i] = tile.x[i] + tile.x_offset; });
  for (int64_t s = 0; s < tile.segments; ++s) {
    const int64_t begin = tile.segment[s], end = begin + 4 * tile.steps;
    for (int64_t at = begin; at != end; at += 4, w += kVectors) {
      __m512i weight[kVectors];
      unroll<kVectors>([&](auto v) [[gnu::always_inline]] { weight[v] = w[v]; });
      unroll<MR>([&](auto i) [[gnu::always_inline]] {
        const __m512i four = broadcast4(x[i] + at);
        unroll<kVectors>([&](auto v) [[gnu::always_inline]] { acc[i][v] = dot(acc[i][v], four, weight[v]); });
      });
    }
  }
}

template <bool kResidual, bool kBare, int MR>
[[gnu::noinline]] void run_plain(const ConvTile& tile) {
  __m512i acc[MR][kVectors];
  accumulate<MR>(tile, acc);
  unroll<MR>([&](auto i) [[gnu::always_inline]] { store_pixel<kResidual, kBare>(tile, acc[i], i); });
}

template <int MR>
void run(const ConvTile& tile) {
  const bool residual = tile.residual != nullptr;
  if (tile.out->is_bare) return residual ? run_plain<true, true, MR>(tile) : run_plain<false, true, MR>(tile);
  return residual ? run_plain<true, false, MR>(tile) : run_plain<false, false, MR>(tile);
}

}  // namespace

const ConvFunction kConvAvx512Vnni64[] = {nullptr, run<1>, run<2>, run<3>, run<4>, run<5>, run<6>};

}  // namespace octavo
