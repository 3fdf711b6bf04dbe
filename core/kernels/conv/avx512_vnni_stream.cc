// Short windows (1x1 with few channels, first layers): tiles of 12 accumulators, any number of pixels one tile after
// the other, for plain output of plain input.
//
// 3 x 64, 4 x 48, 6 x 32 or 12 pixels x 16 channels: 12 accumulators, those of the tile before, up to 4 weight vectors,
// 1 broadcast, 3 for what is on its way to bytes: 32 registers. Where a tile's products take few cycles, what comes
// after them counts, and a core does not look ahead far enough to multiply meanwhile. So the units (see
// avx512_vnni_finish.h) of a tile are finished between the first steps of the next one. What remains is that the
// multiplications of floats take the pipes of vpdpbusd: docs/direct_convolution.md. Where a tile fills whole lines of
// the output, they are called two tiles before.
#include "kernels/conv/avx512_vnni_finish.h"

namespace octavo {
namespace {

constexpr int kAccumulators = 12;

// 12 accumulators as units; that of pixel i and vector v is number NV·i + v.
template <int NV>
struct Sums {
  static constexpr int kPixels = kAccumulators / NV, kUnits = kAccumulators / kUnitVectors<NV>;
  __m512i unit[kUnits][kUnitVectors<NV>];

  template <int N>
  [[gnu::always_inline]] __m512i& number() {
    return unit[N / kUnitVectors<NV>][N % kUnitVectors<NV>];
  }
};

template <int NV>
[[gnu::always_inline]] inline void start(const ConvTile& tile, Sums<NV>& sums) {
  unroll<NV>([&](auto v) __attribute__((always_inline)) {
    const __m512i bias = _mm512_loadu_si512(tile.bias + 16 * v);
    unroll<Sums<NV>::kPixels>([&](auto i)
                                  __attribute__((always_inline)) { sums.template number<NV * i + v>() = bias; });
  });
}

// The next four bytes of each pixel. The attribute in this place of a lambda is the one that gcc obeys: out of line,
// the accumulators would be in memory.
template <int NV>
[[gnu::always_inline]] inline void step(const uint8_t* const* x, int64_t at, const __m512i* w, Sums<NV>& sums) {
  __m512i weight[NV];
  unroll<NV>([&](auto v) __attribute__((always_inline)) {
    weight[v] = w[v];
    asm("" : "+v"(weight[v]));  // else gcc reads it again for each pixel
  });
  unroll<Sums<NV>::kPixels>([&](auto i) __attribute__((always_inline)) {
    const __m512i four = broadcast4(x[i] + at);
    unroll<NV>([&](auto v) __attribute__((always_inline)) {
      __m512i& acc = sums.template number<NV * i + v>();
      acc = dot(acc, four, weight[v]);
    });
  });
}

template <bool kResidual, bool kBare, int NV>
[[gnu::noinline]] void run_plain(const ConvTile& tile) {
  constexpr int kPixels = Sums<NV>::kPixels, kUnits = Sums<NV>::kUnits;
  const auto* weight = static_cast<const __m512i*>(tile.weight);
  const int64_t* const end = tile.step + tile.all_steps;
  Sums<NV> sums;
  start(tile, sums);
  const __m512i* w = weight;
  for (const int64_t* at = tile.step; at != end; ++at, w += NV) step(tile.x, *at + tile.x_offset, w, sums);
  int64_t i = kPixels;
  for (; i < tile.pixels; i += kPixels) {
    const Sums<NV> before = sums;
    start(tile, sums);
    unroll<kUnits>([&](auto unit) __attribute__((always_inline)) {
      step(tile.x + i, tile.step[unit] + tile.x_offset, weight + NV * unit, sums);
      finish<kResidual, kBare, NV>(tile, before.unit[unit], i - kPixels + unit * kUnitPixels<NV>);
    });
    if (NV == 4 && i + 3 * kPixels <= tile.pixels)
      unroll<kPixels>([&](auto j) __attribute__((always_inline)) {
        __builtin_prefetch(tile.y[i + 2 * kPixels + j] + tile.y_offset, 1, 3);
      });
    w = weight + NV * kUnits;
    for (const int64_t* at = tile.step + kUnits; at != end; ++at, w += NV)
      step(tile.x + i, *at + tile.x_offset, w, sums);
  }
  unroll<kUnits>([&](auto unit) __attribute__((always_inline)) {
    finish<kResidual, kBare, NV>(tile, sums.unit[unit], i - kPixels + unit * kUnitPixels<NV>);
  });
}

template <int NV>
void run(const ConvTile& tile) {
  const bool residual = tile.residual != nullptr;
  if (tile.out->is_bare) return residual ? run_plain<true, true, NV>(tile) : run_plain<false, true, NV>(tile);
  return residual ? run_plain<true, false, NV>(tile) : run_plain<false, false, NV>(tile);
}

}  // namespace

const ConvStream kConvAvx512VnniStream16 = {run<1>, 12, 3};
const ConvStream kConvAvx512VnniStream32 = {run<2>, 6, 3};
const ConvStream kConvAvx512VnniStream48 = {run<3>, 4, 4};
const ConvStream kConvAvx512VnniStream64 = {run<4>, 3, 3};

}  // namespace octavo
