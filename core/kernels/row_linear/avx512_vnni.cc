// Tiles of up to 14 rows x 32 outputs.
//
// 14 x 32: 28 accumulators, 2 weight vectors, 1 broadcast of four bytes of a row: 31 of 32 registers. One or two rows
// would wait for the latency of vpdpbusd, so they deal the steps out to four or two sets of accumulators.
// 3072 outputs of 768 inputs on one core of Zen 4: 94-96 % of the peak of a register-only vpdpbusd loop from 4 rows to
// 128; a single row reads its weights at 93 GB/s.
#include "kernels/avx512.h"
#include "kernels/row_linear/vector.h"

namespace octavo {
namespace {

constexpr int kOutputs = avx512_vnni::kPanel.nr;
static_assert(kOutputs == 32 && avx512_vnni::kPanel.interleave == 4);
constexpr int kVectors = 2;

// f(0), f(1), … with constant indices from the start: only then does gcc keep an array of accumulators in registers.
template <int N>
struct Index {
  constexpr operator int() const { return N; }
};
template <int N, class F>
[[gnu::always_inline]] inline void unroll(const F& f) {
  if constexpr (N > 0) {
    unroll<N - 1>(f);
    f(Index<N - 1>{});
  }
}

[[gnu::always_inline]] inline __m512i broadcast4(const uint8_t* p) {
  int32_t word;
  __builtin_memcpy(&word, p, sizeof word);
  return _mm512_set1_epi32(word);
}

// The empty asm ties the accumulator to its register: left to itself, gcc 12 moves accumulators through the stack.
[[gnu::always_inline]] inline __m512i dot(__m512i acc, __m512i x, __m512i w) {
  acc = _mm512_dpbusd_epi32(acc, x, w);
  asm("" : "+v"(acc));
  return acc;
}

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

// The empty asm hides from gcc that all rows use the same constants: held in registers, they would push accumulators
// to the stack.
[[gnu::always_inline]] inline void store_row(const RowLinearTile& given, const __m512i (&acc)[kVectors],
                                             const __mmask16 (&kept)[kVectors], int i) {
  const RowLinearTile* tile = &given;
  asm("" : "+r"(tile));
  const __m512 scale = _mm512_set1_ps(tile->qparams[i].scale);
  const __m512i zero_point = _mm512_set1_epi32(tile->qparams[i].zero_point);
  const __m512i addend = _mm512_set1_epi32(tile->qparams[i].addend);
  float* y = tile->y + i * tile->y_stride;
  unroll<kVectors>([&](auto v) [[gnu::always_inline]] {
    const __m512i sums = _mm512_loadu_si512(tile->minus_sum + 16 * v);
    const __m512i shift = _mm512_add_epi32(_mm512_mullo_epi32(zero_point, sums), addend);
    const __m512 multiplier = _mm512_mul_ps(scale, _mm512_loadu_ps(tile->weight_scale + 16 * v));
    const __m512 product = _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_add_epi32(acc[v], shift)), multiplier);
    __m512 value = _mm512_add_ps(product, _mm512_loadu_ps(tile->bias + 16 * v));
    if (tile->accumulates) value = _mm512_add_ps(_mm512_maskz_loadu_ps(kept[v], y + 16 * v), value);
    _mm512_mask_storeu_ps(y + 16 * v, kept[v], value);
  });
}

template <int MR>
void run(const RowLinearTile& tile) {
  constexpr int chains = MR == 1 ? 4 : MR == 2 ? 2 : 1;
  Sums<MR, chains> acc;
  accumulate<MR, chains>(tile, acc);
  __mmask16 kept[kVectors];
  for (int v = 0; v < kVectors; ++v) {
    const int64_t left = tile.columns - 16 * v;
    kept[v] = left > 0 ? avx512_lanes::first_lanes(left) : 0;
  }
  unroll<MR>([&](auto i) [[gnu::always_inline]] { store_row(tile, acc.v[0][i], kept, i); });
}

constexpr RowLinearFunction kRun[] = {nullptr, run<1>, run<2>,  run<3>,  run<4>,  run<5>,  run<6>, run<7>,
                                      run<8>,  run<9>, run<10>, run<11>, run<12>, run<13>, run<14>};

}  // namespace

const RowLinearKernels avx512_vnni::kRowLinear = {.nr = kOutputs,
                                                  .mr = 14,
                                                  .interleave = avx512_vnni::kPanel.interleave,
                                                  .run = kRun,
                                                  .quantize = quantize_rows<Avx512>};

}  // namespace octavo
