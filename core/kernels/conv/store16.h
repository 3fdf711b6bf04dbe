// From the sums of a tile to its outputs, 16 channels at a time, on 256-bit vectors: what the kernels without a way of
// their own share. Everything has internal linkage.
#pragma once

#include <immintrin.h>

#include <cstdint>
#include <cstring>

#include "kernels/conv/conv.h"

namespace octavo {
namespace {

constexpr int kStoreChannels = 16;

inline __m256i load256(const void* p) { return _mm256_load_si256(static_cast<const __m256i*>(p)); }
inline __m128i load128(const void* p) { return _mm_load_si128(static_cast<const __m128i*>(p)); }

inline void store_floats(const int32_t* acc, const float* multiplier, uint8_t* y, int64_t channels) {
  alignas(32) float value[kStoreChannels];
  for (int v = 0; v < 2; ++v)
    _mm256_store_ps(value + 8 * v,
                    _mm256_mul_ps(_mm256_cvtepi32_ps(load256(acc + 8 * v)), _mm256_loadu_ps(multiplier + 8 * v)));
  std::memcpy(y, value, static_cast<size_t>(4 * channels));
}

// float(r - zero_point) * multiplier, for the eight bytes at r.
inline __m256 residual_part(const ConvOutput& out, const uint8_t* r) {
  const __m256i bytes = _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(r)));
  const __m256i flipped = _mm256_xor_si256(bytes, load256(out.residual_flip));
  const __m256i centered = _mm256_sub_epi32(flipped, load256(out.residual_zero_point));
  return _mm256_mul_ps(_mm256_cvtepi32_ps(centered), _mm256_load_ps(out.residual_multiplier));
}

// The saturating pack works inside 128-bit blocks; the permutation puts them in order.
inline void store_bytes(const ConvOutput& out, __m256i low, __m256i high, uint8_t* y, int64_t channels) {
  const __m256i packed = _mm256_permute4x64_epi64(_mm256_packs_epi32(low, high), _MM_SHUFFLE(3, 1, 2, 0));
  const __m256i words = _mm256_adds_epi16(packed, load256(out.zero_point));
  __m128i bytes = _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
  bytes = _mm_min_epu8(_mm_max_epu8(bytes, load128(out.clamp_min)), load128(out.clamp_max));
  bytes = _mm_xor_si128(bytes, load128(out.flip));
  if (channels >= kStoreChannels) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(y), bytes);
  } else {
    alignas(16) uint8_t kept[kStoreChannels];
    _mm_store_si128(reinterpret_cast<__m128i*>(kept), bytes);
    std::memcpy(y, kept, static_cast<size_t>(channels));
  }
}

// Channels from `first` on of a pixel whose sums are at `acc`.
inline void store_pixel(const ConvTile& tile, const int32_t* acc, int i, int64_t first) {
  const ConvOutput& out = *tile.out;
  const float* multiplier = tile.multiplier + first;
  const int64_t channels = tile.channels - first;
  uint8_t* y = tile.y[i] + tile.y_offset;
  if (out.is_float)
    return store_floats(acc, multiplier, y + 4 * first, channels < kStoreChannels ? channels : kStoreChannels);
  // What is below -2^31 becomes the smallest integer by itself; what is above 2^31 would as well, hence the limit.
  const __m256 limit = _mm256_set1_ps(kConvLimit);
  __m256i value[2];
  for (int v = 0; v < 2; ++v) {
    __m256 sum = _mm256_mul_ps(_mm256_cvtepi32_ps(load256(acc + 8 * v)), _mm256_loadu_ps(multiplier + 8 * v));
    if (tile.residual != nullptr)
      sum = _mm256_add_ps(sum, residual_part(out, tile.residual[i] + tile.residual_offset + first + 8 * v));
    value[v] = _mm256_cvtps_epi32(_mm256_min_ps(sum, limit));
  }
  store_bytes(out, value[0], value[1], y + first, channels);
}

// Packs work inside 128-bit blocks; the permutation puts the channels of either pixel in order.
inline __m256i pack_two(__m256i a0, __m256i a1, __m256i b0, __m256i b1, const ConvOutput& out) {
  const __m256i zero_point = load256(out.zero_point);
  const __m256i a = _mm256_adds_epi16(_mm256_packs_epi32(a0, a1), zero_point);
  const __m256i b = _mm256_adds_epi16(_mm256_packs_epi32(b0, b1), zero_point);
  const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
  const __m256i bytes = _mm256_permutevar8x32_epi32(_mm256_packus_epi16(a, b), order);
  return _mm256_min_epu8(_mm256_max_epu8(bytes, load256(out.clamp_min)), load256(out.clamp_max));
}

// Two pixels at once, all 16 channels of plain output.
template <bool kResidual>
inline void store_two(const ConvTile& tile, const int32_t* a, const int32_t* b, int i, int64_t first) {
  const ConvOutput& out = *tile.out;
  const auto value = [&](const int32_t* acc, int pixel, int v) {
    const __m256 multiplier = _mm256_loadu_ps(tile.multiplier + first + 8 * v);
    __m256 sum = _mm256_mul_ps(_mm256_cvtepi32_ps(load256(acc + 8 * v)), multiplier);
    if constexpr (kResidual)
      sum = _mm256_add_ps(sum, residual_part(out, tile.residual[pixel] + tile.residual_offset + first + 8 * v));
    return _mm256_cvtps_epi32(sum);
  };
  const __m256i bytes = pack_two(value(a, i, 0), value(a, i, 1), value(b, i + 1, 0), value(b, i + 1, 1), out);
  const int64_t at = tile.y_offset + first;
  _mm_storeu_si128(reinterpret_cast<__m128i*>(tile.y[i] + at), _mm256_castsi256_si128(bytes));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(tile.y[i + 1] + at), _mm256_extracti128_si256(bytes, 1));
}

template <bool kResidual>
inline int store_pairs(const ConvTile& tile, const int32_t* acc, int rows, int nr, int64_t first) {
  int i = 0;
  for (; i + 1 < rows; i += 2) store_two<kResidual>(tile, acc + i * nr + first, acc + (i + 1) * nr + first, i, first);
  return i;
}

// acc: [rows][nr]. Not inlined: the constants would otherwise fight the accumulators of the loop above for registers.
[[gnu::noinline]] void store_tile(const ConvTile& tile, const int32_t* acc, int rows, int nr) {
  for (int64_t first = 0; first < nr && first < tile.channels; first += kStoreChannels) {
    int i = 0;
    if (tile.out->is_plain && tile.channels - first >= kStoreChannels)
      i = tile.residual == nullptr ? store_pairs<false>(tile, acc, rows, nr, first)
                                   : store_pairs<true>(tile, acc, rows, nr, first);
    for (; i < rows; ++i) store_pixel(tile, acc + i * nr + first, i, first);
  }
}

}  // namespace
}  // namespace octavo
