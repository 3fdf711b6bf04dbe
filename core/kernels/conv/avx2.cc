// Tiles of up to 6 pixels x 16 channels.
//
// AVX2's own byte multiply saturates, so bytes are widened to 16 bits: pixels once a chunk into a small buffer, weights
// as they are loaded. vpmaddwd then is exact: 12 accumulators, 2 weight vectors, 1 broadcast, 1 product: 16 registers.
// Share of the peak of a register-only vpmaddwd and vpaddd loop, on Zen 4: 83-85 % on 3x3 and wide 1x1.
#include <immintrin.h>

#include <cstdint>
#include <cstring>

#include "kernels/conv/conv.h"
#include "kernels/unroll.h"

namespace octavo {
namespace {

constexpr int kChannels = 16;
constexpr int64_t kChunk = 128;  // bytes of a pixel widened at a time

inline __m256i broadcast_pair(const int16_t* p) {
  int32_t pair;
  std::memcpy(&pair, p, sizeof pair);
  return _mm256_set1_epi32(pair);
}

inline __m256i widen_weights(const int8_t* w) {
  return _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(w)));
}

template <int MR>
[[gnu::always_inline]] inline void widen(const ConvTile& tile, int64_t at, int64_t count, int16_t (&wide)[MR][kChunk]) {
  const __m128i flip = _mm_set1_epi8(static_cast<char>(tile.x_flip));
  for (int i = 0; i < MR; ++i) {
    for (int64_t k = 0; k < count; k += 16) {
      const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(tile.x[i] + at + k));
      const __m256i words = _mm256_cvtepu8_epi16(_mm_xor_si128(bytes, flip));
      _mm256_store_si256(reinterpret_cast<__m256i*>(wide[i] + k), words);
    }
  }
}

template <int MR>
[[gnu::always_inline]] inline void accumulate(const ConvTile& tile, __m256i (&acc)[MR][2]) {
  alignas(32) int16_t wide[MR][kChunk];
  const auto* w = static_cast<const int8_t*>(tile.weight);
  for (int64_t s = 0; s < tile.segments; ++s) {
    int64_t at = tile.segment[s] + tile.x_offset;
    const int64_t end = at + 4 * tile.steps;
    for (; at < end; at += kChunk) {
      const int64_t count = end - at < kChunk ? end - at : kChunk;
      widen<MR>(tile, at, count, wide);
      for (int64_t k = 0; k < count; k += 2, w += 2 * kChannels) {
        const __m256i w0 = widen_weights(w), w1 = widen_weights(w + 16);
        unroll<MR>([&](auto i) [[gnu::always_inline]] {
          const __m256i x = broadcast_pair(wide[i] + k);
          acc[i][0] = _mm256_add_epi32(acc[i][0], _mm256_madd_epi16(x, w0));
          acc[i][1] = _mm256_add_epi32(acc[i][1], _mm256_madd_epi16(x, w1));
        });
      }
    }
  }
}

void store_float(const ConvTile& tile, const __m256i* acc, int rows) {
  for (int i = 0; i < rows; ++i) {
    alignas(32) float value[kChannels];
    for (int v = 0; v < 2; ++v) {
      const __m256 multiplier = _mm256_loadu_ps(tile.multiplier + 8 * v);
      _mm256_store_ps(value + 8 * v, _mm256_mul_ps(_mm256_cvtepi32_ps(acc[2 * i + v]), multiplier));
    }
    std::memcpy(tile.y[i] + tile.y_offset, value, static_cast<size_t>(4 * tile.channels));
  }
}

inline __m256i load256(const void* p) { return _mm256_load_si256(static_cast<const __m256i*>(p)); }
inline __m128i load128(const void* p) { return _mm_load_si128(static_cast<const __m128i*>(p)); }

// float(r - zero_point) * multiplier, for the eight bytes at r.
inline __m256 residual_part(const ConvOutput& out, const uint8_t* r) {
  const __m256i bytes = _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(r)));
  const __m256i flipped = _mm256_xor_si256(bytes, load256(out.residual_flip));
  const __m256i centered = _mm256_sub_epi32(flipped, load256(out.residual_zero_point));
  return _mm256_mul_ps(_mm256_cvtepi32_ps(centered), _mm256_load_ps(out.residual_multiplier));
}

// The saturating pack works inside 128-bit blocks; the permutation puts them in order.
inline void store_bytes(const ConvTile& tile, __m256i low, __m256i high, uint8_t* y) {
  const ConvOutput& out = *tile.out;
  const __m256i packed = _mm256_permute4x64_epi64(_mm256_packs_epi32(low, high), _MM_SHUFFLE(3, 1, 2, 0));
  const __m256i words = _mm256_adds_epi16(packed, load256(out.zero_point));
  __m128i bytes = _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
  bytes = _mm_min_epu8(_mm_max_epu8(bytes, load128(out.clamp_min)), load128(out.clamp_max));
  bytes = _mm_xor_si128(bytes, load128(out.flip));
  if (tile.channels == kChannels) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(y), bytes);
  } else {
    alignas(16) uint8_t kept[kChannels];
    _mm_store_si128(reinterpret_cast<__m128i*>(kept), bytes);
    std::memcpy(y, kept, static_cast<size_t>(tile.channels));
  }
}

// Not inlined: the constants would otherwise fight the accumulators for registers in the loop above.
[[gnu::noinline]] void store(const ConvTile& tile, const __m256i* acc, int rows) {
  if (tile.out->is_float) return store_float(tile, acc, rows);
  // What is below -2^31 becomes the smallest integer by itself; what is above 2^31 would as well, hence the limit.
  const __m256 limit = _mm256_set1_ps(kConvLimit);
  for (int i = 0; i < rows; ++i) {
    __m256i value[2];
    for (int v = 0; v < 2; ++v) {
      __m256 sum = _mm256_mul_ps(_mm256_cvtepi32_ps(acc[2 * i + v]), _mm256_loadu_ps(tile.multiplier + 8 * v));
      if (tile.residual != nullptr) {
        sum = _mm256_add_ps(sum, residual_part(*tile.out, tile.residual[i] + tile.residual_offset + 8 * v));
      }
      value[v] = _mm256_cvtps_epi32(_mm256_min_ps(sum, limit));
    }
    store_bytes(tile, value[0], value[1], tile.y[i] + tile.y_offset);
  }
}

template <int MR>
void run(const ConvTile& tile) {
  __m256i acc[MR][2];
  unroll<2>([&](auto v) [[gnu::always_inline]] {
    const __m256i bias = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(tile.bias + 8 * v));
    unroll<MR>([&](auto i) [[gnu::always_inline]] { acc[i][v] = bias; });
  });
  accumulate<MR>(tile, acc);
  __m256i kept[MR][2];
  unroll<MR>([&](auto i)
                 [[gnu::always_inline]] { unroll<2>([&](auto v) [[gnu::always_inline]] { kept[i][v] = acc[i][v]; }); });
  store(tile, kept[0], MR);
}

}  // namespace

const ConvFunction kConvAvx2x16[] = {nullptr, run<1>, run<2>, run<3>, run<4>, run<5>, run<6>};

}  // namespace octavo
