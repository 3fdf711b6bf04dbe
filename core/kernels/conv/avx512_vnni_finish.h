// From accumulators to bytes, for plain output: what fills four vectors at once. That is a unit: a pixel of 64 channels
// or (three vectors) of 48, two pixels of 32, four of 16.
//
// Two rounds of saturating packs work inside 128-bit blocks: dword 4·b + v of the result comes from block b of vector
// v. In panels of 64 channels the lanes are ordered so that this is the channels' order: lane i of block b of vector v
// holds channel 16·b + 4·v + i. In the others it is its transpose, and one more permutation mends it.
//
// On Zen 4 only the multiplication competes with vpdpbusd for its two pipes (docs/direct_convolution.md): zero_point is
// added before the packs because the saturating addition after them would as well.
#pragma once

#include "kernels/conv/avx512_vnni.h"
#include "kernels/conv/conv.h"

namespace octavo {
namespace {

template <int NV>
constexpr int kUnitPixels = NV >= 3 ? 1 : 4 / NV;
template <int NV>
constexpr int kUnitVectors = NV * kUnitPixels<NV>;

struct alignas(64) Transpose {
  int32_t lane[16] = {0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15};
};
constexpr Transpose kTranspose;

// For each vector, the bytes of a unit's residual that belong to its lanes, each in the lowest byte of a float32 whose
// other bits are those of 2^23: the float 2^23 + r.
struct alignas(64) ResidualOrder {
  int8_t byte[4][64];
  uint32_t power[16];
};

constexpr ResidualOrder residual_order() {
  ResidualOrder order = {};
  for (int v = 0; v < 4; ++v)
    for (int lane = 0; lane < 16; ++lane) order.byte[v][4 * lane] = static_cast<int8_t>(4 * v + lane % 4);
  for (uint32_t& word : order.power) word = 0x4b000000;
  return order;
}
constexpr ResidualOrder kResidualOrder = residual_order();
constexpr __mmask64 kLowestBytes = 0x1111111111111111;

// float(r - zero_point) * multiplier: both 2^23 + r and the difference are exact.
[[gnu::always_inline]] inline __m512 residual_part(const ConvOutput& out, const ResidualOrder& order, __m512i bytes,
                                                   int v) {
  const __m512i shifted = _mm512_mask_shuffle_epi8(constant(order.power), kLowestBytes, bytes, constant(order.byte[v]));
  const __m512 centered = _mm512_sub_ps(_mm512_castsi512_ps(shifted), _mm512_load_ps(out.residual_start));
  return _mm512_mul_ps(centered, _mm512_load_ps(out.residual_multiplier));
}

// The residual's bytes of the unit that begins with `pixel`, where packs would leave them. Loads may overhang.
template <int NV>
[[gnu::always_inline]] inline __m512i load_residual(const ConvTile& tile, const Transpose& transpose, int64_t pixel) {
  const auto at = [&](int i) { return tile.residual[pixel + i] + tile.residual_offset; };
  const auto load128 = [](const uint8_t* p) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)); };
  const auto load256 = [](const uint8_t* p) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)); };
  if constexpr (NV == 4) return _mm512_loadu_si512(at(0));
  __m512i bytes;
  if constexpr (NV == 3) {
    bytes = _mm512_loadu_si512(at(0));
  } else if constexpr (NV == 2) {
    bytes = _mm512_inserti64x4(_mm512_castsi256_si512(load256(at(0))), load256(at(1)), 1);
  } else {
    bytes = _mm512_inserti32x4(_mm512_castsi128_si512(load128(at(0))), load128(at(1)), 1);
    bytes = _mm512_inserti32x4(_mm512_inserti32x4(bytes, load128(at(2)), 2), load128(at(3)), 3);
  }
  return _mm512_permutexvar_epi32(constant(transpose.lane), bytes);
}

// A store under a mask is slower, even where the mask is full; and it counts as one of all bytes: where the output is
// written over the residual, loads of the next pixel's would wait for it, hence 24 and 8 channels without.
template <int NV>
[[gnu::always_inline]] inline void store_channels(uint8_t* y, __m512i bytes, int64_t channels) {
  const auto half = _mm512_castsi512_si256(bytes);
  const auto block = _mm512_castsi512_si128(bytes);
  if (channels >= 16 * NV) {
    if constexpr (NV == 4) _mm512_storeu_si512(y, bytes);
    if constexpr (NV == 3) _mm_storeu_si128(reinterpret_cast<__m128i*>(y + 32), _mm512_extracti32x4_epi32(bytes, 2));
    if constexpr (NV == 3 || NV == 2) _mm256_storeu_si256(reinterpret_cast<__m256i*>(y), half);
    if constexpr (NV == 1) _mm_storeu_si128(reinterpret_cast<__m128i*>(y), block);
  } else if (NV == 2 && channels == 24) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(y), block);
    _mm_storel_epi64(reinterpret_cast<__m128i*>(y + 16), _mm256_extracti128_si256(half, 1));
  } else if (NV == 1 && channels == 8) {
    _mm_storel_epi64(reinterpret_cast<__m128i*>(y), block);
  } else {
    _mm512_mask_storeu_epi8(y, first(channels), bytes);
  }
}

template <int NV>
[[gnu::always_inline]] inline void store_unit(const ConvTile& tile, __m512i bytes, int64_t pixel) {
  const auto store = [&](int i, __m512i part) __attribute__((always_inline)) {
    store_channels<NV>(tile.y[pixel + i] + tile.y_offset, part, tile.channels);
  };
  store(0, bytes);
  if constexpr (NV == 2) store(1, _mm512_castsi256_si512(_mm512_extracti64x4_epi64(bytes, 1)));
  if constexpr (NV == 1) {
    store(1, _mm512_castsi128_si512(_mm512_extracti32x4_epi32(bytes, 1)));
    store(2, _mm512_castsi128_si512(_mm512_extracti32x4_epi32(bytes, 2)));
    store(3, _mm512_castsi128_si512(_mm512_extracti32x4_epi32(bytes, 3)));
  }
}

// The empty asm hides from gcc that all units use the same constants: held in registers, they would push accumulators
// to the stack.
template <bool kResidual, bool kBare, int NV>
[[gnu::always_inline]] inline void finish(const ConvTile& tile, const __m512i (&acc)[kUnitVectors<NV>], int64_t pixel) {
  const ConvOutput* out = tile.out;
  const float* multiplier = tile.multiplier;
  const ResidualOrder* order = &kResidualOrder;
  const Transpose* transpose = &kTranspose;
  asm("" : "+r"(out), "+r"(multiplier), "+r"(order), "+r"(transpose));
  __m512i r;
  if constexpr (kResidual) r = load_residual<NV>(tile, *transpose, pixel);
  const auto value = [&](int v) __attribute__((always_inline)) {
    __m512 sum = _mm512_mul_ps(_mm512_cvtepi32_ps(acc[v]), _mm512_loadu_ps(multiplier + 16 * (v % NV)));
    if constexpr (kResidual) sum = _mm512_add_ps(sum, residual_part(*out, *order, r, v));
    const __m512i rounded = _mm512_cvtps_epi32(sum);
    return kBare ? rounded : _mm512_add_epi32(rounded, constant(out->zero_point32));
  };
  const __m512i low = _mm512_packs_epi32(value(0), value(1)), third = value(2);
  __m512i high;
  if constexpr (NV == 3) high = _mm512_packs_epi32(third, third);
  if constexpr (NV != 3) high = _mm512_packs_epi32(third, value(3));
  __m512i bytes = _mm512_packus_epi16(low, high);
  if constexpr (NV != 4) bytes = _mm512_permutexvar_epi32(constant(transpose->lane), bytes);
  if constexpr (!kBare)
    bytes = _mm512_min_epu8(_mm512_max_epu8(bytes, constant(out->clamp_min)), constant(out->clamp_max));
  store_unit<NV>(tile, bytes, pixel);
}

}  // namespace
}  // namespace octavo
