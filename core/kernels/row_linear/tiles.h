// Tiles of up to 32 rows x 32 outputs in matrix registers (kernels/tile_product.h); of a few rows with AVX512-VNNI.
//
// Its speed has not been measured: docs/decisions/0015.
#pragma once

#include "kernels/row_linear/avx512_store.h"
#include "kernels/row_linear/row_linear.h"
#include "kernels/tile_product.h"

namespace octavo {
namespace {

constexpr int kTileOutputs = 2 * kTileLanes;
static_assert(avx512_vnni::kPanel.nr == kTileOutputs && avx512_vnni::kPanel.interleave == 4);

// Up to so many rows are multiplied by AVX512-VNNI. 64 bytes of m rows by 32 outputs take it 16 m cycles, at two
// vpdpbusd a cycle. Registers take at least 52, in which a sum waits for the one before, whatever m is; and 43 to 64
// until the 2 KiB of weights are there from the second-level cache, at 32 to 48 bytes a cycle, as they have to where
// rows are few: no other tile needs them.
constexpr int kFewRows = 4;

template <class Tiles>
[[gnu::noinline]] void run_tile(const RowLinearTile& tile, int rows) {
  const TileParts parts = halves_of(rows);
  set_up<Tiles>(*tile.registers, parts);
  unroll<2>([&](auto v) [[gnu::always_inline]] {
    Tiles::template zero<v>();
    if (parts.has_others()) Tiles::template zero<2 + v>();
  });
  const uint8_t *x = tile.q, *others = parts.has_others() ? x + parts.first * tile.q_stride : x;
  const int8_t* w = tile.weight;
  for (int64_t at = 0; at < tile.k; at += kTileBytes)
    w = multiply_step<Tiles, 2>(parts, {x + at, tile.q_stride}, {others + at, tile.q_stride}, w);
  alignas(64) int32_t sums[kRowLinearMaxRows][kTileOutputs];
  store_sums<Tiles, 2>(parts, sums);
  store_rows(tile, sums[0], rows);
}

template <class Tiles, int rows>
void run(const RowLinearTile& tile) {
  if constexpr (rows <= kFewRows)
    avx512_vnni::kRowLinear.run[rows](tile);
  else
    run_tile<Tiles>(tile, rows);
}

template <class Tiles>
constexpr FunctionsOfRows<RowLinearFunction, kRowLinearMaxRows> kRun([](auto rows) { return run<Tiles, rows>; });

inline void quantize(const RowQuantization& rows) { avx512_vnni::kRowLinear.quantize(rows); }

// Not run_beside: a row alone waits for its weights, and so would the tile beside it, of a few rows. Apart from it, a
// tile of 32 reads the same weights for four times as many, in an eighth of the cycles that their products took.
template <class Tiles>
constexpr RowLinearKernels row_linear_kernels() {
  return {.nr = kTileOutputs,
          .mr = kRowLinearMaxRows,
          .interleave = avx512_vnni::kPanel.interleave,
          .multiple = kTileBytes,
          .run = kRun<Tiles>.of,
          .quantize = quantize};
}

}  // namespace
}  // namespace octavo
