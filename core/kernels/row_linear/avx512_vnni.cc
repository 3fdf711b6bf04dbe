// Tiles of up to 14 rows x 32 outputs.
//
// 14 x 32: 28 accumulators, 2 weight vectors, 1 broadcast of four bytes of a row: 31 of 32 registers. One or two rows
// would wait for the latency of vpdpbusd, so they deal the steps out to four or two sets of accumulators.
// 3072 outputs of 768 inputs on one core of Zen 4: 94-96 % of the peak of a register-only vpdpbusd loop from 4 rows to
// 128; a single row reads its weights at 93 GB/s.
#include "kernels/avx512.h"
#include "kernels/row_linear/avx512_store.h"
#include "kernels/row_linear/vector.h"
#include "kernels/unroll.h"
#include "kernels/vnni.h"

namespace octavo {
namespace {

constexpr int kOutputs = avx512_vnni::kPanel.nr;
static_assert(kOutputs == 32 && avx512_vnni::kPanel.interleave == 4);
constexpr int kVectors = 2;

// How far ahead of the multiplication weights are called into the second-level cache: bytes. The processor itself looks
// no further than the end of a page of 4 KiB, and weights that are used once a run come from memory. Tiles of few rows
// have no time to spare.
constexpr int kAhead = 24576, kLeastAheadRows = 5;

// acc[c] holds the sum of the steps c, c + chains, …
template <int MR, int chains>
struct Sums {
  __m512i v[chains][MR][kVectors];
};

template <int MR, int chains>
[[gnu::always_inline]] inline void accumulate(const RowLinearTile& tile, Sums<MR, chains>& acc) {
  unroll<chains>([&](auto c) [[gnu::always_inline]] {
    unroll<MR>([&](auto i) [[gnu::always_inline]] {
      unroll<kVectors>([&](auto v) [[gnu::always_inline]] { acc.v[c][i][v] = _mm512_setzero_si512(); });
    });
  });
  const uint8_t* x[MR];
  unroll<MR>([&](auto i) [[gnu::always_inline]] { x[i] = tile.q + i * tile.q_stride; });
  const auto* w = reinterpret_cast<const __m512i*>(tile.weight);
  const auto step = [&](auto c, int64_t at) [[gnu::always_inline]] {
    __m512i weight[kVectors];
    unroll<kVectors>([&](auto v) [[gnu::always_inline]] { weight[v] = w[v]; });
    if constexpr (MR >= kLeastAheadRows)
      unroll<kVectors>([&](auto v) [[gnu::always_inline]] { __builtin_prefetch(w + v + kAhead / 64, 0, 2); });
    unroll<MR>([&](auto i) [[gnu::always_inline]] {
      const __m512i four = broadcast4(x[i] + at);
      unroll<kVectors>([&](auto v) [[gnu::always_inline]] { acc.v[c][i][v] = dot(acc.v[c][i][v], four, weight[v]); });
    });
    w += kVectors;
  };
  const int64_t end = (tile.k + 3) / 4 * 4;
  int64_t at = 0;
  for (; at + 4 * chains <= end; at += 4 * chains)
    unroll<chains>([&](auto c) [[gnu::always_inline]] { step(c, at + 4 * c); });
  if constexpr (chains > 1)
    for (; at < end; at += 4) step(Index<0>{}, at);
  unroll<chains - 1>([&](auto c) [[gnu::always_inline]] {
    unroll<MR>([&](auto i) [[gnu::always_inline]] {
      unroll<kVectors>([&](auto v) [[gnu::always_inline]] {
        acc.v[0][i][v] = _mm512_add_epi32(acc.v[0][i][v], acc.v[c + 1][i][v]);
      });
    });
  });
}

template <int MR>
void run(const RowLinearTile& tile) {
  constexpr int chains = MR == 1 ? 4 : MR <= 3 ? 2 : 1;
  // What is going to be written comes from memory meanwhile: rows of y lie too far apart for the processor to guess.
  unroll<MR>([&](auto i) [[gnu::always_inline]] {
    unroll<kVectors>([&](auto v)
                         [[gnu::always_inline]] { __builtin_prefetch(tile.y + i * tile.y_stride + 16 * v, 1); });
  });
  Sums<MR, chains> acc;
  accumulate<MR, chains>(tile, acc);
  const Kept kept(tile);
  const Columns columns(tile);
  unroll<MR>([&](auto i) [[gnu::always_inline]] { store_row(tile, columns, acc.v[0][i][0], acc.v[0][i][1], kept, i); });
}

// 8 x 32 beside 1 x 32 P: 16 accumulators and 2 P (4 for P = 1: the row would wait for the latency of vpdpbusd), 2
// weight vectors, 1 broadcast. As many products of the one as of the other in a step: the row's weights come from the
// second-level cache at 32 bytes a cycle, and both together take all there is, of bytes and of products.
constexpr int kBesideRows = 8;
template <int P>
constexpr int kRowSteps = P == 1   ? 8
                          : P == 2 ? 4
                                   : 2;  // of the row's product to one of the other's

[[gnu::always_inline]] inline void store_panel(const RowLinearTile& tile, __m512i first, __m512i second, int panel) {
  RowLinearTile part = tile;
  part.minus_sum += panel * kOutputs;
  part.weight_scale += panel * kOutputs;
  part.bias += panel * kOutputs;
  part.y += panel * kOutputs;
  part.columns -= panel * kOutputs;
  store_row(part, Columns(part), first, second, Kept(part), 0);
}

template <int P>
void run_beside(const RowLinearTile& tile, int64_t panel_bytes, RowLinearPieces& pieces) {
  constexpr int kChains = P == 1 ? 2 : 1, kSteps = kRowSteps<P>, kRows = kBesideRows / kSteps;
  __m512i row[kChains][P][kVectors], acc[kBesideRows][kVectors];
  int32_t* const kept = pieces.acc;
  unroll<kChains * P>([&](auto i) [[gnu::always_inline]] {
    row[i / P][i % P][0] = _mm512_setzero_si512();
    row[i / P][i % P][1] = _mm512_setzero_si512();
  });
  unroll<kBesideRows>([&](auto i) [[gnu::always_inline]] {
    acc[i][0] = _mm512_load_si512(kept + i * kOutputs);
    acc[i][1] = _mm512_load_si512(kept + i * kOutputs + 16);
  });
  const int8_t* w = tile.weight;
  const auto* piece_w = reinterpret_cast<const __m512i*>(pieces.tile.weight) + pieces.at / 4 * kVectors;
  const int64_t end = (tile.k + 3) / 4 * 4, left = (pieces.tile.k - pieces.at + 3) / 4;
  const int64_t shared = end / (4 * kSteps) < left ? end / (4 * kSteps) : left;
  const uint8_t *q = tile.q, *x = pieces.tile.q + pieces.at;
  const int64_t x_stride = pieces.tile.q_stride;
  const auto step = [&](auto s) [[gnu::always_inline]] {
    const __m512i four = broadcast4(q + 4 * s);
    unroll<P>([&](auto p) [[gnu::always_inline]] {
      const auto* weight = reinterpret_cast<const __m512i*>(w + p * panel_bytes) + kVectors * s;
      row[s % kChains][p][0] = dot(row[s % kChains][p][0], four, weight[0]);
      row[s % kChains][p][1] = dot(row[s % kChains][p][1], four, weight[1]);
    });
  };
  for (int64_t piece = 0; piece < shared; ++piece) {
    const __m512i w0 = piece_w[0], w1 = piece_w[1];
    piece_w += kVectors;
    unroll<kSteps>([&](auto s) [[gnu::always_inline]] {
      step(s);
      unroll<kRows>([&](auto r) [[gnu::always_inline]] {
        constexpr int i = s * kRows + r;
        const __m512i other = broadcast4(x + i * x_stride);
        acc[i][0] = dot(acc[i][0], other, w0);
        acc[i][1] = dot(acc[i][1], other, w1);
      });
    });
    w += kSteps * 4 * kOutputs;
    q += 4 * kSteps;
    x += 4;
  }
  unroll<kBesideRows>([&](auto i) [[gnu::always_inline]] {
    _mm512_store_si512(kept + i * kOutputs, acc[i][0]);
    _mm512_store_si512(kept + i * kOutputs + 16, acc[i][1]);
  });
  for (; q < tile.q + end; q += 4, w += 4 * kOutputs) step(Index<0>{});
  unroll<P>([&](auto p) [[gnu::always_inline]] {
    __m512i first = row[0][p][0], second = row[0][p][1];
    if constexpr (kChains == 2) {
      first = _mm512_add_epi32(first, row[1][p][0]);
      second = _mm512_add_epi32(second, row[1][p][1]);
    }
    store_panel(tile, first, second, p);
  });
  pieces.at += 4 * shared;
  if (pieces.at >= pieces.tile.k) store_rows(pieces.tile, pieces.acc, kBesideRows);
}

constexpr RowLinearBesideFunction kRunBeside[] = {nullptr, run_beside<1>, run_beside<2>, run_beside<3>, run_beside<4>};

constexpr RowLinearFunction kRun[] = {nullptr, run<1>, run<2>,  run<3>,  run<4>,  run<5>,  run<6>, run<7>,
                                      run<8>,  run<9>, run<10>, run<11>, run<12>, run<13>, run<14>};

}  // namespace

const RowLinearKernels avx512_vnni::kRowLinear = {.nr = kOutputs,
                                                  .mr = 14,
                                                  .interleave = avx512_vnni::kPanel.interleave,
                                                  .run = kRun,
                                                  .quantize = quantize_rows<Avx512>,
                                                  .beside_rows = kBesideRows,
                                                  .run_beside = kRunBeside};

}  // namespace octavo
