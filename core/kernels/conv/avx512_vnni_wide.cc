// Tiles of up to 6 pixels x 64 or 9 x 48 channels, for plain output of plain input.
//
// 6 x 64: 24 accumulators, 4 weight vectors, 1 broadcast of four bytes of a pixel: 29 of 32 registers; 9 x 48: 27, 3
// and 1. Beside 14 x 32 they broadcast half as often and store whole pixels of a panel. Share of the peak of a
// register-only vpdpbusd loop, on Zen 4: 97-99 % on 3x3, 95-96 % on 1x1 with 256 input channels and more; where pixels
// have fewer, avx512_vnni_stream.cc is the faster one.
#include "kernels/conv/avx512_vnni_finish.h"

namespace octavo {
namespace {

template <int NV, int MR>
[[gnu::always_inline]] inline void accumulate(const ConvTile& tile, __m512i (&acc)[MR][NV]) {
  unroll<NV>([&](auto v) [[gnu::always_inline]] {
    const __m512i bias = _mm512_loadu_si512(tile.bias + 16 * v);
    unroll<MR>([&](auto i) [[gnu::always_inline]] { acc[i][v] = bias; });
  });
  const auto* w = static_cast<const __m512i*>(tile.weight);
  const uint8_t* x[MR];
  unroll<MR>([&](auto i) [[gnu::always_inline]] { x[i] = tile.x[i] + tile.x_offset; });
  for (int64_t s = 0; s < tile.segments; ++s) {
    const int64_t begin = tile.segment[s], end = begin + 4 * tile.steps;
    for (int64_t at = begin; at != end; at += 4, w += NV) {
      __m512i weight[NV];
      unroll<NV>([&](auto v) [[gnu::always_inline]] { weight[v] = w[v]; });
      unroll<MR>([&](auto i) [[gnu::always_inline]] {
        const __m512i four = broadcast4(x[i] + at);
        unroll<NV>([&](auto v) [[gnu::always_inline]] { acc[i][v] = dot(acc[i][v], four, weight[v]); });
      });
    }
  }
}

template <bool kResidual, bool kBare, int NV, int MR>
[[gnu::noinline]] void run_plain(const ConvTile& tile) {
  __m512i acc[MR][NV];
  accumulate<NV, MR>(tile, acc);
  unroll<MR>([&](auto i) [[gnu::always_inline]] { finish<kResidual, kBare, NV>(tile, acc[i], i); });
}

template <int NV, int MR>
void run(const ConvTile& tile) {
  const bool residual = tile.residual != nullptr;
  if (tile.out->is_bare) return residual ? run_plain<true, true, NV, MR>(tile) : run_plain<false, true, NV, MR>(tile);
  return residual ? run_plain<true, false, NV, MR>(tile) : run_plain<false, false, NV, MR>(tile);
}

}  // namespace

const ConvFunction kConvAvx512Vnni48[] = {nullptr,   run<3, 1>, run<3, 2>, run<3, 3>, run<3, 4>,
                                          run<3, 5>, run<3, 6>, run<3, 7>, run<3, 8>, run<3, 9>};
const ConvFunction kConvAvx512Vnni64[] = {nullptr, run<4, 1>, run<4, 2>, run<4, 3>, run<4, 4>, run<4, 5>, run<4, 6>};

}  // namespace octavo
