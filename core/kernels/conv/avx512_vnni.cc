// Tiles of up to 14 pixels x 16 or 32 channels.
//
// 14 x 32: 28 accumulators, 2 weight vectors, 1 broadcast of four bytes of a pixel: 31 of 32 registers.
// Share of the peak of a register-only vpdpbusd loop, on Zen 4: 94-99 % on 3x3 from 56² to 7², 93-97 % on 1x1 with 256
// input channels and more. Plain output of short windows has a faster kernel (avx512_vnni_stream.cc).
#include "kernels/conv/avx512_vnni_finish.h"

namespace octavo {
namespace {

template <int MR, int NV, bool kFlip>
[[gnu::always_inline]] inline void accumulate(const ConvTile& tile, __m512i (&acc)[MR][NV]) {
  unroll<NV>([&](auto v) [[gnu::always_inline]] {
    const __m512i bias = _mm512_loadu_si512(tile.bias + 16 * v);
    unroll<MR>([&](auto i) [[gnu::always_inline]] { acc[i][v] = bias; });
  });
  const auto* w = static_cast<const __m512i*>(tile.weight);
  for (int64_t s = 0; s < tile.segments; ++s) {
    const int64_t begin = tile.segment[s] + tile.x_offset;
    const int64_t end = begin + 4 * tile.steps;
    for (int64_t at = begin; at != end; at += 4, w += NV) {
      __m512i weight[NV];
      unroll<NV>([&](auto v) [[gnu::always_inline]] { weight[v] = w[v]; });
      unroll<MR>([&](auto i) [[gnu::always_inline]] {
        __m512i x = broadcast4(tile.x[i] + at);
        if constexpr (kFlip) x = _mm512_xor_si512(x, _mm512_set1_epi8(static_cast<char>(0x80)));
        unroll<NV>([&](auto v) [[gnu::always_inline]] { acc[i][v] = dot(acc[i][v], x, weight[v]); });
      });
    }
  }
}

[[gnu::always_inline]] inline __m256i constant256(const void* p) {
  return _mm256_load_si256(static_cast<const __m256i*>(p));
}
[[gnu::always_inline]] inline __m128i constant128(const void* p) {
  return _mm_load_si128(static_cast<const __m128i*>(p));
}

template <int NV>
[[gnu::always_inline]] inline void store_floats(const __m512i (&acc)[NV], const float* multiplier, uint8_t* y,
                                                int64_t channels) {
  unroll<NV>([&](auto v) [[gnu::always_inline]] {
    const __m512 value = _mm512_mul_ps(_mm512_cvtepi32_ps(acc[v]), _mm512_loadu_ps(multiplier + 16 * v));
    _mm512_mask_storeu_ps(y + 64 * v, static_cast<__mmask16>(first(channels - 16 * v)), value);
  });
}

// What is below -2^31 becomes the smallest integer by itself; what is above 2^31 would as well, hence the limit.
[[gnu::always_inline]] inline __m512i round(const ConvOutput& out, __m512 value) {
  return _mm512_cvtps_epi32(_mm512_min_ps(value, _mm512_load_ps(out.limit)));
}

// float(r - zero_point) * multiplier, for the 16 bytes at r.
template <bool kPlain>
[[gnu::always_inline]] inline __m512 residual_part(const ConvOutput& out, const uint8_t* r) {
  __m512i bytes = _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(r)));
  if constexpr (!kPlain) bytes = _mm512_xor_si512(bytes, constant(out.residual_flip));
  const __m512i centered = _mm512_sub_epi32(bytes, constant(out.residual_zero_point));
  return _mm512_mul_ps(_mm512_cvtepi32_ps(centered), _mm512_load_ps(out.residual_multiplier));
}

// Saturating packs work inside 128-bit blocks; this puts groups of four bytes in order again.
struct alignas(32) Order {
  int32_t group[8] = {0, 4, 2, 6, 1, 5, 3, 7};
};
constexpr Order kOrder;

// A pixel is stored at once, whole where all of its channels exist. A store under a mask counts as one of all bytes:
// where the output is written over the residual, loads of the next pixel's would wait for it, hence 24 and 8 channels
// without.
template <bool kPlain, int NV>
[[gnu::always_inline]] inline void store_bytes(const ConvOutput& out, const Order& order, const __m512i (&value)[NV],
                                               uint8_t* y, int64_t channels) {
  if constexpr (NV == 2) {
    const __m512i words = _mm512_adds_epi16(_mm512_packs_epi32(value[0], value[1]), constant(out.zero_point));
    __m256i bytes = _mm256_packus_epi16(_mm512_castsi512_si256(words), _mm512_extracti64x4_epi64(words, 1));
    bytes = _mm256_permutevar8x32_epi32(bytes, constant256(order.group));
    bytes = _mm256_min_epu8(_mm256_max_epu8(bytes, constant256(out.clamp_min)), constant256(out.clamp_max));
    if constexpr (!kPlain) bytes = _mm256_xor_si256(bytes, constant256(out.flip));
    if (channels >= 32) {
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(y), bytes);
    } else if (channels == 24) {
      _mm_storeu_si128(reinterpret_cast<__m128i*>(y), _mm256_castsi256_si128(bytes));
      _mm_storel_epi64(reinterpret_cast<__m128i*>(y + 16), _mm256_extracti128_si256(bytes, 1));
    } else {
      _mm256_mask_storeu_epi8(y, static_cast<__mmask32>(first(channels)), bytes);
    }
  } else {
    const __m256i words = _mm256_adds_epi16(_mm512_cvtsepi32_epi16(value[0]), constant256(out.zero_point));
    __m128i bytes = _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
    bytes = _mm_min_epu8(_mm_max_epu8(bytes, constant128(out.clamp_min)), constant128(out.clamp_max));
    if constexpr (!kPlain) bytes = _mm_xor_si128(bytes, constant128(out.flip));
    if (channels >= 16) {
      _mm_storeu_si128(reinterpret_cast<__m128i*>(y), bytes);
    } else if (channels == 8) {
      _mm_storel_epi64(reinterpret_cast<__m128i*>(y), bytes);
    } else {
      _mm_mask_storeu_epi8(y, static_cast<__mmask16>(first(channels)), bytes);
    }
  }
}

// The empty asm hides from gcc that all pixels use the same constants: held in registers, they would push accumulators
// to the stack.
template <bool kResidual, bool kPlain, int NV>
[[gnu::always_inline]] inline void store_pixel(const ConvTile& tile, const __m512i (&acc)[NV], int i) {
  const ConvOutput* out = tile.out;
  const float* multiplier = tile.multiplier;
  const Order* order = &kOrder;
  asm("" : "+r"(out), "+r"(multiplier), "+r"(order));
  const uint8_t* r = nullptr;
  if constexpr (kResidual) r = tile.residual[i] + tile.residual_offset;
  __m512i value[NV];
  unroll<NV>([&](auto v) [[gnu::always_inline]] {
    __m512 sum = _mm512_mul_ps(_mm512_cvtepi32_ps(acc[v]), _mm512_loadu_ps(multiplier + 16 * v));
    if constexpr (kResidual) sum = _mm512_add_ps(sum, residual_part<kPlain>(*out, r + 16 * v));
    value[v] = kPlain ? _mm512_cvtps_epi32(sum) : round(*out, sum);
  });
  store_bytes<kPlain, NV>(*out, *order, value, tile.y[i] + tile.y_offset, tile.channels);
}

// From accumulators to bytes without leaving the registers, for plain output: pixels that fill four vectors together.
template <bool kResidual, bool kBare, int MR, int NV>
[[gnu::noinline]] void run_fused(const ConvTile& tile) {
  __m512i acc[MR][NV];
  accumulate<MR, NV, false>(tile, acc);
  constexpr int kPixels = kUnitPixels<NV>, kUnits = MR / kPixels;
  unroll<kUnits>([&](auto unit) [[gnu::always_inline]] {
    constexpr int i = unit * kPixels;
    __m512i four[4];
    unroll<4>([&](auto v) [[gnu::always_inline]] { four[v] = acc[i + v / NV][v % NV]; });
    finish<kResidual, kBare, NV>(tile, four, i);
  });
  unroll<MR - kUnits * kPixels>([&](auto rest) [[gnu::always_inline]] {
    constexpr int i = kUnits * kPixels + rest;
    store_pixel<kResidual, true, NV>(tile, acc[i], i);
  });
}

// What is asked for less often takes the way through memory: one copy of its code serves every number of pixels.
template <int NV>
[[gnu::noinline]] void store_all(const ConvTile& tile, const __m512i (*acc)[NV], int rows) {
  for (int i = 0; i < rows; ++i) {
    if (tile.out->is_float) {
      store_floats<NV>(acc[i], tile.multiplier, tile.y[i] + tile.y_offset, tile.channels);
    } else if (tile.residual != nullptr) {
      store_pixel<true, false, NV>(tile, acc[i], i);
    } else {
      store_pixel<false, false, NV>(tile, acc[i], i);
    }
  }
}

template <bool kFlip, int MR, int NV>
[[gnu::noinline]] void run_through_memory(const ConvTile& tile) {
  __m512i acc[MR][NV], kept[MR][NV];
  accumulate<MR, NV, kFlip>(tile, acc);
  unroll<MR>([&](auto i) [[gnu::always_inline]] {
    unroll<NV>([&](auto v) [[gnu::always_inline]] { kept[i][v] = acc[i][v]; });
  });
  store_all<NV>(tile, kept, MR);
}

template <int MR, int NV>
void run(const ConvTile& tile) {
  if (tile.x_flip != 0) return run_through_memory<true, MR, NV>(tile);
  if (!tile.out->is_plain) return run_through_memory<false, MR, NV>(tile);
  const bool bare = tile.out->is_bare;
  if (tile.residual != nullptr)
    return bare ? run_fused<true, true, MR, NV>(tile) : run_fused<true, false, MR, NV>(tile);
  return bare ? run_fused<false, true, MR, NV>(tile) : run_fused<false, false, MR, NV>(tile);
}

}  // namespace

const ConvFunction kConvAvx512Vnni16[] = {nullptr,    run<1, 1>,  run<2, 1>,  run<3, 1>,  run<4, 1>,
                                          run<5, 1>,  run<6, 1>,  run<7, 1>,  run<8, 1>,  run<9, 1>,
                                          run<10, 1>, run<11, 1>, run<12, 1>, run<13, 1>, run<14, 1>};
const ConvFunction kConvAvx512Vnni32[] = {nullptr,    run<1, 2>,  run<2, 2>,  run<3, 2>,  run<4, 2>,
                                          run<5, 2>,  run<6, 2>,  run<7, 2>,  run<8, 2>,  run<9, 2>,
                                          run<10, 2>, run<11, 2>, run<12, 2>, run<13, 2>, run<14, 2>};

}  // namespace octavo
