// Tiles of up to 4 rows x 16 outputs, without a dot product instruction: bytes are widened to 16 bits, products join
// sums of 32. 16 accumulators, 4 registers of rows, 4 of weights.
#include "kernels/row_linear/neon_store.h"
#include "kernels/row_linear/vector.h"

namespace octavo {
namespace {

constexpr int kOutputs = neon::kPanel.nr;
static_assert(kOutputs == 16 && neon::kPanel.interleave == 1);

template <int MR>
void run(const RowLinearTile& tile) {
  int32x4_t acc[MR][4];
  for (int i = 0; i < MR; ++i)
    for (int v = 0; v < 4; ++v) acc[i][v] = vdupq_n_s32(0);
  const int8_t* w = tile.weight;
  for (int64_t k = 0; k < tile.k; ++k, w += kOutputs) {
    const int8x16_t bytes = vld1q_s8(w);
    const int16x8_t low = vmovl_s8(vget_low_s8(bytes)), high = vmovl_high_s8(bytes);
#pragma GCC unroll 4
    for (int i = 0; i < MR; ++i) {
      const int16_t x = tile.q[i * tile.q_stride + k];
      acc[i][0] = vmlal_n_s16(acc[i][0], vget_low_s16(low), x);
      acc[i][1] = vmlal_high_n_s16(acc[i][1], low, x);
      acc[i][2] = vmlal_n_s16(acc[i][2], vget_low_s16(high), x);
      acc[i][3] = vmlal_high_n_s16(acc[i][3], high, x);
    }
  }
  store_rows(tile, acc, MR, 0);
}

constexpr RowLinearFunction kRun[] = {nullptr, run<1>, run<2>, run<3>, run<4>};

}  // namespace

const RowLinearKernels neon::kRowLinear = {
    .nr = kOutputs, .mr = 4, .interleave = neon::kPanel.interleave, .run = kRun, .quantize = quantize_rows<Neon>};

}  // namespace octavo
