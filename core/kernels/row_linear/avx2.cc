// Tiles of up to 6 rows x 16 outputs.
//
// AVX2's own byte multiply saturates, so bytes are widened to 16 bits: rows once a chunk into a small buffer, weights
// as they are loaded. vpmaddwd then is exact: 12 accumulators, 2 weight vectors, 1 broadcast, 1 product: 16 registers.
#include "kernels/avx2.h"
#include "kernels/row_linear/vector.h"
#include "kernels/unroll.h"

namespace octavo {
namespace {

constexpr int kOutputs = avx2::kPanel.nr;
static_assert(kOutputs == 16 && avx2::kPanel.interleave == 2);
constexpr int64_t kChunk = 128;  // bytes of a row widened at a time

inline __m256i broadcast_pair(const int16_t* p) {
  int32_t pair;
  __builtin_memcpy(&pair, p, sizeof pair);
  return _mm256_set1_epi32(pair);
}

inline __m256i widen_weights(const int8_t* w) {
  return _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(w)));
}

// Rows are padded to a multiple of 64 bytes, so that 16 can always be read.
template <int MR>
[[gnu::always_inline]] inline void widen(const RowLinearTile& tile, int64_t at, int64_t count,
                                         int16_t (&wide)[MR][kChunk]) {
  for (int i = 0; i < MR; ++i) {
    for (int64_t k = 0; k < count; k += 16) {
      const auto* bytes = reinterpret_cast<const __m128i*>(tile.q + i * tile.q_stride + at + k);
      _mm256_store_si256(reinterpret_cast<__m256i*>(wide[i] + k), _mm256_cvtepu8_epi16(_mm_loadu_si128(bytes)));
    }
  }
}

template <int MR>
[[gnu::always_inline]] inline void accumulate(const RowLinearTile& tile, __m256i (&acc)[MR][2]) {
  alignas(32) int16_t wide[MR][kChunk];
  const int8_t* w = tile.weight;
  for (int64_t at = 0; at < tile.k; at += kChunk) {
    const int64_t count = tile.k - at < kChunk ? tile.k - at : kChunk;
    widen<MR>(tile, at, count, wide);
    for (int64_t k = 0; k < count; k += 2, w += 2 * kOutputs) {
      const __m256i w0 = widen_weights(w), w1 = widen_weights(w + 16);
      unroll<MR>([&](auto i) [[gnu::always_inline]] {
        const __m256i x = broadcast_pair(wide[i] + k);
        acc[i][0] = _mm256_add_epi32(acc[i][0], _mm256_madd_epi16(x, w0));
        acc[i][1] = _mm256_add_epi32(acc[i][1], _mm256_madd_epi16(x, w1));
      });
    }
  }
}

// Not inlined: the constants would otherwise fight the accumulators for registers in the loop above.
[[gnu::noinline]] void store_rows(const RowLinearTile& tile, const __m256i (*acc)[2], int rows) {
  using avx2_lanes::Floats;
  for (int i = 0; i < rows; ++i) {
    const RowQParams row = tile.qparams[i];
    for (int v = 0; v < 2 && 8 * v < tile.columns; ++v) {
      const __m256i sums = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(tile.minus_sum + 8 * v));
      const __m256i shift =
          _mm256_add_epi32(_mm256_mullo_epi32(_mm256_set1_epi32(row.zero_point), sums), _mm256_set1_epi32(row.addend));
      const Floats sum(_mm256_cvtepi32_ps(_mm256_add_epi32(acc[i][v], shift)));
      const Floats multiplier = Floats(row.scale) * Floats::load(tile.weight_scale + 8 * v);
      Floats value = sum * multiplier + Floats::load(tile.bias + 8 * v);
      float* y = tile.y + i * tile.y_stride + 8 * v;
      const int64_t left = tile.columns - 8 * v;
      if (tile.accumulates) value = Floats::load(y, left) + value;
      store(y, left, value);
    }
  }
}

template <int MR>
void run(const RowLinearTile& tile) {
  __m256i acc[MR][2], kept[MR][2];
  unroll<MR>([&](auto i) [[gnu::always_inline]] { acc[i][0] = acc[i][1] = _mm256_setzero_si256(); });
  accumulate<MR>(tile, acc);
  unroll<MR>([&](auto i) [[gnu::always_inline]] {
    kept[i][0] = acc[i][0];
    kept[i][1] = acc[i][1];
  });
  store_rows(tile, kept, MR);
}

constexpr RowLinearFunction kRun[] = {nullptr, run<1>, run<2>, run<3>, run<4>, run<5>, run<6>};

}  // namespace

const RowLinearKernels avx2::kRowLinear = {
    .nr = kOutputs, .mr = 6, .interleave = avx2::kPanel.interleave, .run = kRun, .quantize = quantize_rows<Avx2>};

}  // namespace octavo
