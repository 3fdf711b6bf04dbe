// From the accumulators of 64 channels to bytes, for plain output. The lanes are ordered so that two rounds of
// saturating packs, which work inside 128-bit blocks, leave the channels in order: lane i of block b of vector v holds
// channel 16·b + 4·v + i. A pixel is then stored at once, a whole cache line of it.
#pragma once

#include "kernels/conv/avx512_vnni.h"
#include "kernels/conv/conv.h"

namespace octavo {
namespace {

// For each vector, the bytes of a residual that belong to its lanes, each in the lowest byte of a float32 whose other
// bits are those of 2^23: the float 2^23 + r.
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

// The empty asm hides from gcc that all pixels use the same constants: held in registers, they would push accumulators
// to the stack.
template <bool kResidual, bool kBare>
[[gnu::always_inline]] inline void store_pixel(const ConvTile& tile, const __m512i (&acc)[4], int i) {
  const ConvOutput* out = tile.out;
  const float* multiplier = tile.multiplier;
  const ResidualOrder* order = &kResidualOrder;
  asm("" : "+r"(out), "+r"(multiplier), "+r"(order));
  const bool whole = tile.channels >= 64;  // the mask is made only where it is needed
  __m512i r;
  if constexpr (kResidual) {
    const uint8_t* residual = tile.residual[i] + tile.residual_offset;
    r = whole ? _mm512_loadu_si512(residual) : _mm512_maskz_loadu_epi8(first(tile.channels), residual);
  }
  __m512i value[4];
  unroll<4>([&](auto v) [[gnu::always_inline]] {
    __m512 sum = _mm512_mul_ps(_mm512_cvtepi32_ps(acc[v]), _mm512_loadu_ps(multiplier + 16 * v));
    if constexpr (kResidual) sum = _mm512_add_ps(sum, residual_part(*out, *order, r, v));
    value[v] = _mm512_cvtps_epi32(sum);
  });
  __m512i low = _mm512_packs_epi32(value[0], value[1]), high = _mm512_packs_epi32(value[2], value[3]);
  if constexpr (!kBare) {
    const __m512i zero_point = constant(out->zero_point);
    low = _mm512_adds_epi16(low, zero_point);
    high = _mm512_adds_epi16(high, zero_point);
  }
  __m512i bytes = _mm512_packus_epi16(low, high);
  if constexpr (!kBare)
    bytes = _mm512_min_epu8(_mm512_max_epu8(bytes, constant(out->clamp_min)), constant(out->clamp_max));
  uint8_t* y = tile.y[i] + tile.y_offset;
  if (whole) {
    _mm512_storeu_si512(y, bytes);
  } else {
    _mm512_mask_storeu_epi8(y, first(tile.channels), bytes);
  }
}

}  // namespace
}  // namespace octavo
