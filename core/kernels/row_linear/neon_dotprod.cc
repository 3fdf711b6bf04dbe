// Tiles of up to 6 rows x 16 outputs: 24 accumulators, 6 registers with 16 bytes of a row each, 1 of weights.
//
// sdot multiplies signed bytes: rows lose 128 by a flip of the top bit, and sums get 128 * sum(w) back in the end.
#include "kernels/row_linear/neon_store.h"
#include "kernels/row_linear/vector.h"

namespace octavo {
namespace {

constexpr int kOutputs = neon_dotprod::kPanel.nr;
static_assert(kOutputs == 16 && neon_dotprod::kPanel.interleave == 4);

// kSteps times four bytes of the rows from `at` on.
template <int MR, int kStep, int kSteps>
[[gnu::always_inline]] inline void multiply(const int8x16_t (&x)[MR], const int8_t* w, int32x4_t (&acc)[MR][4]) {
  if constexpr (kStep < kSteps) {
#pragma GCC unroll 4
    for (int v = 0; v < 4; ++v) {
      const int8x16_t weight = vld1q_s8(w + 64 * kStep + 16 * v);
#pragma GCC unroll 6
      for (int i = 0; i < MR; ++i) acc[i][v] = vdotq_laneq_s32(acc[i][v], weight, x[i], kStep);
    }
    multiply<MR, kStep + 1, kSteps>(x, w, acc);
  }
}

// Rows are padded to a multiple of 64 bytes, so that 16 can always be read.
template <int MR>
[[gnu::always_inline]] inline void load(const RowLinearTile& tile, int64_t at, int8x16_t (&x)[MR]) {
#pragma GCC unroll 6
  for (int i = 0; i < MR; ++i)
    x[i] = vreinterpretq_s8_u8(veorq_u8(vld1q_u8(tile.q + i * tile.q_stride + at), vdupq_n_u8(0x80)));
}

template <int MR>
void run(const RowLinearTile& tile) {
  int32x4_t acc[MR][4];
#pragma GCC unroll 6
  for (int i = 0; i < MR; ++i)
#pragma GCC unroll 4
    for (int v = 0; v < 4; ++v) acc[i][v] = vdupq_n_s32(0);
  const int8_t* w = tile.weight;
  int64_t at = 0;
  for (; at + 16 <= tile.k; at += 16, w += 16 * kOutputs) {
    int8x16_t x[MR];
    load<MR>(tile, at, x);
    multiply<MR, 0, 4>(x, w, acc);
  }
  for (; at < tile.k; at += 4, w += 4 * kOutputs) {
    int8x16_t x[MR];
    load<MR>(tile, at, x);
    multiply<MR, 0, 1>(x, w, acc);
  }
  store_rows(tile, acc, MR, 128);
}

constexpr RowLinearFunction kRun[] = {nullptr, run<1>, run<2>, run<3>, run<4>, run<5>, run<6>};

}  // namespace

const RowLinearKernels neon_dotprod::kRowLinear = {.nr = kOutputs,
                                                   .mr = 6,
                                                   .interleave = neon_dotprod::kPanel.interleave,
                                                   .run = kRun,
                                                   .takes_all = true,
                                                   .quantize = quantize_rows<Neon>};

}  // namespace octavo
