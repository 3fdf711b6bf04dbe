// From the sums of a tile of 32 outputs to floats, on AVX-512. Everything has internal linkage.
#pragma once

#include "kernels/avx512.h"
#include "kernels/row_linear/row_linear.h"

namespace octavo {
namespace {

// Which of the outputs of a tile exist.
struct Kept {
  explicit Kept(const RowLinearTile& tile)
      : first(avx512_lanes::first_lanes(tile.columns)),
        second(tile.columns > 16 ? avx512_lanes::first_lanes(tile.columns - 16) : 0) {}
  __mmask16 first, second;
};

// What the outputs of a tile have in common.
struct Columns {
  explicit Columns(const RowLinearTile& tile) : minus_sum(tile.minus_sum), scale(tile.weight_scale), bias(tile.bias) {}
  const int32_t* minus_sum;
  const float *scale, *bias;
};

[[gnu::always_inline]] inline void store_vector(const Columns& columns, const RowQParams& qparams, __m512i acc,
                                                float* y, __mmask16 kept, bool accumulates, int column) {
  const __m512i zero_point = _mm512_set1_epi32(qparams.zero_point), addend = _mm512_set1_epi32(qparams.addend);
  const __m512i sums = _mm512_loadu_si512(columns.minus_sum + column);
  const __m512i shift = _mm512_add_epi32(_mm512_mullo_epi32(zero_point, sums), addend);
  const __m512 multiplier = _mm512_mul_ps(_mm512_set1_ps(qparams.scale), _mm512_loadu_ps(columns.scale + column));
  const __m512 product = _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_add_epi32(acc, shift)), multiplier);
  __m512 value = _mm512_add_ps(product, _mm512_loadu_ps(columns.bias + column));
  if (accumulates) value = _mm512_add_ps(_mm512_maskz_loadu_ps(kept, y + column), value);
  _mm512_mask_storeu_ps(y + column, kept, value);
}

// The empty asm hides from gcc that all rows use the same constants: held in registers, they would push accumulators
// to the stack. Vectors come by value and one by one: where gcc leaves a lambda out of line, what it refers to lies in
// memory, in every loop before it too.
[[gnu::always_inline]] inline void store_row(const RowLinearTile& tile, const Columns& columns, __m512i first,
                                             __m512i second, const Kept& kept, int row) {
  Columns own = columns;
  asm("" : "+r"(own.minus_sum), "+r"(own.scale), "+r"(own.bias));
  const RowQParams& qparams = tile.qparams[row];
  float* y = tile.y + row * tile.y_stride;
  store_vector(own, qparams, first, y, kept.first, tile.accumulates, 0);
  store_vector(own, qparams, second, y, kept.second, tile.accumulates, 16);
}

// Sums that lie in memory: [rows][32], on a multiple of 64 bytes.
[[gnu::noinline]] inline void store_rows(const RowLinearTile& tile, const int32_t* sums, int rows) {
  const Kept kept(tile);
  for (int i = 0; i < rows; ++i, sums += 32)
    store_row(tile, Columns(tile), _mm512_load_si512(sums), _mm512_load_si512(sums + 16), kept, i);
}

}  // namespace
}  // namespace octavo
