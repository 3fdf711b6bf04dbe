// Depthwise convolution with AVX2, exact: two taps of a channel, widened to 16 bits, in each 32-bit lane of vpmaddwd
// (255·127·2 fits; vpmaddubsw would saturate). Any kernel, taps two at a time: 4 accumulators and 6 temporaries.
//
// Unpacks leave vector v, 128-bit lane l, place i with channel 16·l + 4·v + i; the weights are packed in that order
// (pack.h) and the packs at the end restore the natural one. Blocks are 32 or 16 channels wide: a ymm or xmm of bytes.
#include <immintrin.h>

#include "kernels/depthwise/depthwise.h"

namespace octavo {
namespace {

#define OCTAVO_INLINE [[gnu::always_inline]] inline

struct V32 {
  using Int = __m256i;
  using Float = __m256;
  static constexpr int width = 32;
  OCTAVO_INLINE static Int load(const void* p) { return _mm256_loadu_si256(static_cast<const Int*>(p)); }
  OCTAVO_INLINE static Float load(const float* p) { return _mm256_loadu_ps(p); }
  OCTAVO_INLINE static void store(void* p, Int v) { _mm256_storeu_si256(static_cast<Int*>(p), v); }
  OCTAVO_INLINE static void store(float* p, Float v) { _mm256_storeu_ps(p, v); }
  OCTAVO_INLINE static Int zero() { return _mm256_setzero_si256(); }
  OCTAVO_INLINE static Int set8(uint8_t v) { return _mm256_set1_epi8(static_cast<char>(v)); }
  OCTAVO_INLINE static Int set16(int v) { return _mm256_set1_epi16(static_cast<short>(v)); }
  OCTAVO_INLINE static Int set32(int32_t v) { return _mm256_set1_epi32(v); }
  OCTAVO_INLINE static Float set(float v) { return _mm256_set1_ps(v); }
  OCTAVO_INLINE static Int flip(Int a, Int b) { return _mm256_xor_si256(a, b); }
  OCTAVO_INLINE static Int low8(Int a, Int b) { return _mm256_unpacklo_epi8(a, b); }
  OCTAVO_INLINE static Int high8(Int a, Int b) { return _mm256_unpackhi_epi8(a, b); }
  OCTAVO_INLINE static Int dot(Int acc, Int x, Int w) { return _mm256_add_epi32(acc, _mm256_madd_epi16(x, w)); }
  OCTAVO_INLINE static Float to_float(Int a) { return _mm256_cvtepi32_ps(a); }
  OCTAVO_INLINE static Int to_int(Float a) { return _mm256_cvtps_epi32(a); }
  OCTAVO_INLINE static Float mul(Float a, Float b) { return _mm256_mul_ps(a, b); }
  OCTAVO_INLINE static Float add(Float a, Float b) { return _mm256_add_ps(a, b); }
  OCTAVO_INLINE static Int sub(Int a, Int b) { return _mm256_sub_epi32(a, b); }
  OCTAVO_INLINE static Float max(Float a, Float b) { return _mm256_max_ps(a, b); }
  OCTAVO_INLINE static Float min(Float a, Float b) { return _mm256_min_ps(a, b); }
  OCTAVO_INLINE static Int add16(Int a, Int b) { return _mm256_adds_epi16(a, b); }
  OCTAVO_INLINE static Int pack32(Int a, Int b) { return _mm256_packs_epi32(a, b); }
  OCTAVO_INLINE static Int pack16(Int a, Int b) { return _mm256_packus_epi16(a, b); }
};

struct V16 {
  using Int = __m128i;
  using Float = __m128;
  static constexpr int width = 16;
  OCTAVO_INLINE static Int load(const void* p) { return _mm_loadu_si128(static_cast<const Int*>(p)); }
  OCTAVO_INLINE static Float load(const float* p) { return _mm_loadu_ps(p); }
  OCTAVO_INLINE static void store(void* p, Int v) { _mm_storeu_si128(static_cast<Int*>(p), v); }
  OCTAVO_INLINE static void store(float* p, Float v) { _mm_storeu_ps(p, v); }
  OCTAVO_INLINE static Int zero() { return _mm_setzero_si128(); }
  OCTAVO_INLINE static Int set8(uint8_t v) { return _mm_set1_epi8(static_cast<char>(v)); }
  OCTAVO_INLINE static Int set16(int v) { return _mm_set1_epi16(static_cast<short>(v)); }
  OCTAVO_INLINE static Int set32(int32_t v) { return _mm_set1_epi32(v); }
  OCTAVO_INLINE static Float set(float v) { return _mm_set1_ps(v); }
  OCTAVO_INLINE static Int flip(Int a, Int b) { return _mm_xor_si128(a, b); }
  OCTAVO_INLINE static Int low8(Int a, Int b) { return _mm_unpacklo_epi8(a, b); }
  OCTAVO_INLINE static Int high8(Int a, Int b) { return _mm_unpackhi_epi8(a, b); }
  OCTAVO_INLINE static Int dot(Int acc, Int x, Int w) { return _mm_add_epi32(acc, _mm_madd_epi16(x, w)); }
  OCTAVO_INLINE static Float to_float(Int a) { return _mm_cvtepi32_ps(a); }
  OCTAVO_INLINE static Int to_int(Float a) { return _mm_cvtps_epi32(a); }
  OCTAVO_INLINE static Float mul(Float a, Float b) { return _mm_mul_ps(a, b); }
  OCTAVO_INLINE static Float add(Float a, Float b) { return _mm_add_ps(a, b); }
  OCTAVO_INLINE static Int sub(Int a, Int b) { return _mm_sub_epi32(a, b); }
  OCTAVO_INLINE static Float max(Float a, Float b) { return _mm_max_ps(a, b); }
  OCTAVO_INLINE static Float min(Float a, Float b) { return _mm_min_ps(a, b); }
  OCTAVO_INLINE static Int add16(Int a, Int b) { return _mm_adds_epi16(a, b); }
  OCTAVO_INLINE static Int pack32(Int a, Int b) { return _mm_packs_epi32(a, b); }
  OCTAVO_INLINE static Int pack16(Int a, Int b) { return _mm_packus_epi16(a, b); }
};

// The bytes of two pixels (or of one and zeros) side by side as 16-bit pairs.
template <class V>
OCTAVO_INLINE void interleave(typename V::Int a, typename V::Int b, typename V::Int (&pair)[4]) {
  const auto low = V::low8(a, b), high = V::high8(a, b);
  pair[0] = V::low8(low, V::zero());
  pair[1] = V::high8(low, V::zero());
  pair[2] = V::low8(high, V::zero());
  pair[3] = V::high8(high, V::zero());
}

template <class V>
OCTAVO_INLINE void accumulate(const DepthwiseArgs& args, const uint8_t* x, typename V::Int (&acc)[4]) {
  const uint8_t* weight = args.packed + V::width * (sizeof(int32_t) + sizeof(float));
  const auto flip = V::set8(args.x_flip);
  for (int v = 0; v < 4; ++v) acc[v] = V::load(args.packed + v * V::width);
  for (int group = 0; group < args.tap_groups; ++group, weight += 4 * V::width) {
    const int64_t* tap = args.tap + group * 2;
    typename V::Int pair[4];
    interleave<V>(V::flip(V::load(x + tap[0]), flip), V::flip(V::load(x + tap[1]), flip), pair);
    for (int v = 0; v < 4; ++v) acc[v] = V::dot(acc[v], pair[v], V::load(weight + v * V::width));
  }
}

// float32 outputs in their natural order.
template <class V>
void store_floats(const typename V::Float (&value)[4], int channels, float* y) {
  alignas(32) float place[V::width];
  for (int v = 0; v < 4; ++v) V::store(place + v * (V::width / 4), value[v]);
  for (int channel = 0; channel < channels; ++channel)
    y[channel] = place[channel / 4 % 4 * (V::width / 4) + channel / 16 * 4 + channel % 4];
}

// value += (residual - its zero_point) * its multiplier
template <class V>
OCTAVO_INLINE void add_residual(const DepthwiseEpilogue& epilogue, const uint8_t* residual,
                                typename V::Float (&value)[4]) {
  const auto zero_point = V::set32(epilogue.residual_zero_point + epilogue.residual_flip);
  const auto multiplier = V::set(epilogue.residual_multiplier);
  typename V::Int term[4];
  interleave<V>(V::flip(V::load(residual), V::set8(epilogue.residual_flip)), V::zero(), term);
  for (int v = 0; v < 4; ++v) value[v] = V::add(value[v], V::mul(V::to_float(V::sub(term[v], zero_point)), multiplier));
}

template <class V>
OCTAVO_INLINE void store_bytes(const DepthwiseArgs& args, const typename V::Float (&value)[4], uint8_t* y) {
  const DepthwiseEpilogue& epilogue = *args.epilogue;
  const auto clamp_low = V::set(epilogue.clamp_low), clamp_high = V::set(epilogue.clamp_high);
  const auto zero_point = V::set16(epilogue.zero_point + epilogue.flip);
  typename V::Int whole[4];
  for (int v = 0; v < 4; ++v) whole[v] = V::to_int(V::min(V::max(value[v], clamp_low), clamp_high));
  const auto low = V::add16(V::pack32(whole[0], whole[1]), zero_point);
  const auto high = V::add16(V::pack32(whole[2], whole[3]), zero_point);
  const auto bytes = V::flip(V::pack16(low, high), V::set8(epilogue.flip));
  if (args.channels == V::width) return V::store(y, bytes);
  alignas(32) uint8_t tail[V::width];
  V::store(tail, bytes);
  for (int channel = 0; channel < args.channels; ++channel) y[channel] = tail[channel];
}

template <class V>
void run(const DepthwiseArgs& args) {
  const auto* multiplier = reinterpret_cast<const float*>(args.packed) + V::width;
  for (int64_t row = 0; row < args.rows; ++row)
    for (int64_t column = 0; column < args.columns; ++column) {
      typename V::Int acc[4];
      typename V::Float value[4];
      accumulate<V>(args, args.x + row * args.x_row + column * args.x_column, acc);
      for (int v = 0; v < 4; ++v) value[v] = V::mul(V::to_float(acc[v]), V::load(multiplier + v * (V::width / 4)));
      uint8_t* y = args.y + row * args.y_row + column * args.y_column;
      if (args.epilogue->to_float) {
        store_floats<V>(value, args.channels, reinterpret_cast<float*>(y));
        continue;
      }
      if (args.residual)
        add_residual<V>(*args.epilogue, args.residual + row * args.residual_row + column * args.residual_column, value);
      store_bytes<V>(args, value, y);
    }
}

}  // namespace

void depthwise_avx2(const DepthwiseArgs& args) {
  if (args.width == 32) return run<V32>(args);
  run<V16>(args);
}

}  // namespace octavo
