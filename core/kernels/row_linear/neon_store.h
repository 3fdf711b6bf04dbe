// From the sums of a tile of 16 outputs to its rows of float32, on NEON.
#pragma once

#include "kernels/neon.h"
#include "kernels/row_linear/row_linear.h"

namespace octavo {
namespace {

// x_zero: what the kernel took off every byte of the rows before it multiplied.
// Not inlined: it would fight the accumulators for registers.
[[gnu::noinline]] void store_rows(const RowLinearTile& tile, const int32x4_t (*acc)[4], int rows, int32_t x_zero) {
  using neon_lanes::Floats;
  for (int i = 0; i < rows; ++i) {
    const RowQParams row = tile.qparams[i];
    for (int v = 0; v < 4 && 4 * v < tile.columns; ++v) {
      const int32x4_t shift =
          vmlaq_n_s32(vdupq_n_s32(row.addend), vld1q_s32(tile.minus_sum + 4 * v), row.zero_point - x_zero);
      const Floats sum(vcvtq_f32_s32(vaddq_s32(acc[i][v], shift)));
      const Floats multiplier = Floats(row.scale) * Floats::load(tile.weight_scale + 4 * v);
      Floats value = sum * multiplier + Floats::load(tile.bias + 4 * v);
      float* y = tile.y + i * tile.y_stride + 4 * v;
      const int64_t left = tile.columns - 4 * v;
      if (tile.accumulates) value = Floats::load(y, left) + value;
      store(y, left, value);
    }
  }
}

}  // namespace
}  // namespace octavo
