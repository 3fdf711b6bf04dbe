// Depthwise convolution with VNNI: one vpdpbusd lane holds four taps of one channel.
//
// Two rounds of unpacks bring the same channel of four pixels side by side: eight shuffles for 64 channels. They leave
// vector v, 128-bit lane l, place i with channel 16·l + 4·v + i, so the weights are packed in that order (pack.h) and
// the two packs at the end restore the natural one. Blocks are 64, 32 or 16 channels wide: a zmm, ymm or xmm of bytes.
//
// 3x3: the four pixels are rows y … y+3 of one column, so that one interleave serves two output rows (stride 1) and
//      three output columns; columns already interleaved stay in registers while the kernel walks along the row.
//      Stride 1: 12 registers of columns + 8 accumulators + 8 for the epilogue; weights are memory operands.
// 5x5: eight neighbouring pixels of a row serve four outputs at stride 1, two at stride 2. Loads would limit it, so two
//      rows of outputs share each vector of weights, half of the channels at a time, so that 16 accumulators do.
// Any other shape: four taps at a time, in the order of the kernel.
//
// Measured on Zen 4 against the 234 GMAC/s of a register-only vpdpbusd loop: 3x3 stride 1 32-41 %, stride 2 22-30 %,
// 5x5 34-46 %. Shuffles, conversions and packs share the arithmetic pipes with the products: they bound 3x3 stride 1 to
// 45 %.
#include <immintrin.h>

#include "kernels/depthwise/depthwise.h"

namespace octavo {
namespace {

#define OCTAVO_INLINE [[gnu::always_inline]] inline

struct V64 {
  using Int = __m512i;
  using Float = __m512;
  static constexpr int width = 64;
  OCTAVO_INLINE static Int load(const void* p) { return _mm512_loadu_si512(p); }
  OCTAVO_INLINE static Float load(const float* p) { return _mm512_loadu_ps(p); }
  OCTAVO_INLINE static void store(void* p, Int v) { _mm512_storeu_si512(p, v); }
  OCTAVO_INLINE static void store(void* p, int n, Int v) { _mm512_mask_storeu_epi8(p, ~0ull >> (64 - n), v); }
  OCTAVO_INLINE static void store(float* p, Float v) { _mm512_storeu_ps(p, v); }
  OCTAVO_INLINE static Int zero() { return _mm512_setzero_si512(); }
  OCTAVO_INLINE static Int set8(uint8_t v) { return _mm512_set1_epi8(static_cast<char>(v)); }
  OCTAVO_INLINE static Int set16(int v) { return _mm512_set1_epi16(static_cast<short>(v)); }
  OCTAVO_INLINE static Int set32(int32_t v) { return _mm512_set1_epi32(v); }
  OCTAVO_INLINE static Float set(float v) { return _mm512_set1_ps(v); }
  OCTAVO_INLINE static Int flip(Int a, Int b) { return _mm512_xor_si512(a, b); }
  OCTAVO_INLINE static Int low8(Int a, Int b) { return _mm512_unpacklo_epi8(a, b); }
  OCTAVO_INLINE static Int high8(Int a, Int b) { return _mm512_unpackhi_epi8(a, b); }
  OCTAVO_INLINE static Int low16(Int a, Int b) { return _mm512_unpacklo_epi16(a, b); }
  OCTAVO_INLINE static Int high16(Int a, Int b) { return _mm512_unpackhi_epi16(a, b); }
  OCTAVO_INLINE static Int dot(Int acc, Int x, Int w) { return _mm512_dpbusd_epi32(acc, x, w); }
  OCTAVO_INLINE static Float to_float(Int a) { return _mm512_cvtepi32_ps(a); }
  OCTAVO_INLINE static Int to_int(Float a) { return _mm512_cvtps_epi32(a); }
  OCTAVO_INLINE static Float mul(Float a, Float b) { return _mm512_mul_ps(a, b); }
  OCTAVO_INLINE static Float add(Float a, Float b) { return _mm512_add_ps(a, b); }
  OCTAVO_INLINE static Int sub(Int a, Int b) { return _mm512_sub_epi32(a, b); }
  OCTAVO_INLINE static Float max(Float a, Float b) { return _mm512_max_ps(a, b); }
  OCTAVO_INLINE static Float min(Float a, Float b) { return _mm512_min_ps(a, b); }
  OCTAVO_INLINE static Int max8(Int a, Int b) { return _mm512_max_epu8(a, b); }
  OCTAVO_INLINE static Int min8(Int a, Int b) { return _mm512_min_epu8(a, b); }
  OCTAVO_INLINE static Int add16(Int a, Int b) { return _mm512_adds_epi16(a, b); }
  OCTAVO_INLINE static Int pack32(Int a, Int b) { return _mm512_packs_epi32(a, b); }
  OCTAVO_INLINE static Int pack16(Int a, Int b) { return _mm512_packus_epi16(a, b); }
};

struct V32 {
  using Int = __m256i;
  using Float = __m256;
  static constexpr int width = 32;
  OCTAVO_INLINE static Int load(const void* p) { return _mm256_loadu_si256(static_cast<const Int*>(p)); }
  OCTAVO_INLINE static Float load(const float* p) { return _mm256_loadu_ps(p); }
  OCTAVO_INLINE static void store(void* p, Int v) { _mm256_storeu_si256(static_cast<Int*>(p), v); }
  OCTAVO_INLINE static void store(void* p, int n, Int v) { _mm256_mask_storeu_epi8(p, ~0u >> (32 - n), v); }
  OCTAVO_INLINE static void store(float* p, Float v) { _mm256_storeu_ps(p, v); }
  OCTAVO_INLINE static Int zero() { return _mm256_setzero_si256(); }
  OCTAVO_INLINE static Int set8(uint8_t v) { return _mm256_set1_epi8(static_cast<char>(v)); }
  OCTAVO_INLINE static Int set16(int v) { return _mm256_set1_epi16(static_cast<short>(v)); }
  OCTAVO_INLINE static Int set32(int32_t v) { return _mm256_set1_epi32(v); }
  OCTAVO_INLINE static Float set(float v) { return _mm256_set1_ps(v); }
  OCTAVO_INLINE static Int flip(Int a, Int b) { return _mm256_xor_si256(a, b); }
  OCTAVO_INLINE static Int low8(Int a, Int b) { return _mm256_unpacklo_epi8(a, b); }
  OCTAVO_INLINE static Int high8(Int a, Int b) { return _mm256_unpackhi_epi8(a, b); }
  OCTAVO_INLINE static Int low16(Int a, Int b) { return _mm256_unpacklo_epi16(a, b); }
  OCTAVO_INLINE static Int high16(Int a, Int b) { return _mm256_unpackhi_epi16(a, b); }
  OCTAVO_INLINE static Int dot(Int acc, Int x, Int w) { return _mm256_dpbusd_epi32(acc, x, w); }
  OCTAVO_INLINE static Float to_float(Int a) { return _mm256_cvtepi32_ps(a); }
  OCTAVO_INLINE static Int to_int(Float a) { return _mm256_cvtps_epi32(a); }
  OCTAVO_INLINE static Float mul(Float a, Float b) { return _mm256_mul_ps(a, b); }
  OCTAVO_INLINE static Float add(Float a, Float b) { return _mm256_add_ps(a, b); }
  OCTAVO_INLINE static Int sub(Int a, Int b) { return _mm256_sub_epi32(a, b); }
  OCTAVO_INLINE static Float max(Float a, Float b) { return _mm256_max_ps(a, b); }
  OCTAVO_INLINE static Float min(Float a, Float b) { return _mm256_min_ps(a, b); }
  OCTAVO_INLINE static Int max8(Int a, Int b) { return _mm256_max_epu8(a, b); }
  OCTAVO_INLINE static Int min8(Int a, Int b) { return _mm256_min_epu8(a, b); }
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
  OCTAVO_INLINE static void store(void* p, int n, Int v) { _mm_mask_storeu_epi8(p, 0xffffu >> (16 - n), v); }
  OCTAVO_INLINE static void store(float* p, Float v) { _mm_storeu_ps(p, v); }
  OCTAVO_INLINE static Int zero() { return _mm_setzero_si128(); }
  OCTAVO_INLINE static Int set8(uint8_t v) { return _mm_set1_epi8(static_cast<char>(v)); }
  OCTAVO_INLINE static Int set16(int v) { return _mm_set1_epi16(static_cast<short>(v)); }
  OCTAVO_INLINE static Int set32(int32_t v) { return _mm_set1_epi32(v); }
  OCTAVO_INLINE static Float set(float v) { return _mm_set1_ps(v); }
  OCTAVO_INLINE static Int flip(Int a, Int b) { return _mm_xor_si128(a, b); }
  OCTAVO_INLINE static Int low8(Int a, Int b) { return _mm_unpacklo_epi8(a, b); }
  OCTAVO_INLINE static Int high8(Int a, Int b) { return _mm_unpackhi_epi8(a, b); }
  OCTAVO_INLINE static Int low16(Int a, Int b) { return _mm_unpacklo_epi16(a, b); }
  OCTAVO_INLINE static Int high16(Int a, Int b) { return _mm_unpackhi_epi16(a, b); }
  OCTAVO_INLINE static Int dot(Int acc, Int x, Int w) { return _mm_dpbusd_epi32(acc, x, w); }
  OCTAVO_INLINE static Float to_float(Int a) { return _mm_cvtepi32_ps(a); }
  OCTAVO_INLINE static Int to_int(Float a) { return _mm_cvtps_epi32(a); }
  OCTAVO_INLINE static Float mul(Float a, Float b) { return _mm_mul_ps(a, b); }
  OCTAVO_INLINE static Float add(Float a, Float b) { return _mm_add_ps(a, b); }
  OCTAVO_INLINE static Int sub(Int a, Int b) { return _mm_sub_epi32(a, b); }
  OCTAVO_INLINE static Float max(Float a, Float b) { return _mm_max_ps(a, b); }
  OCTAVO_INLINE static Float min(Float a, Float b) { return _mm_min_ps(a, b); }
  OCTAVO_INLINE static Int max8(Int a, Int b) { return _mm_max_epu8(a, b); }
  OCTAVO_INLINE static Int min8(Int a, Int b) { return _mm_min_epu8(a, b); }
  OCTAVO_INLINE static Int add16(Int a, Int b) { return _mm_adds_epi16(a, b); }
  OCTAVO_INLINE static Int pack32(Int a, Int b) { return _mm_packs_epi32(a, b); }
  OCTAVO_INLINE static Int pack16(Int a, Int b) { return _mm_packus_epi16(a, b); }
};

// What every output of a block shares.
template <class V>
struct Block {
  typename V::Int x_flip, zero_point, clamp_min, clamp_max, y_flip;
  typename V::Float multiplier[4];
  int channels;

  OCTAVO_INLINE explicit Block(const DepthwiseArgs& args)
      : x_flip(V::set8(args.x_flip)),
        zero_point(V::set16(args.epilogue->zero_point + args.epilogue->flip)),
        clamp_min(V::set8(args.epilogue->clamp_min)),
        clamp_max(V::set8(args.epilogue->clamp_max)),
        y_flip(V::set8(args.epilogue->flip)),
        channels(args.channels) {
    const float* m = reinterpret_cast<const float*>(args.packed) + V::width;
    for (int v = 0; v < 4; ++v) {
      multiplier[v] = V::load(m + v * (V::width / 4));
      asm("" : "+v"(multiplier[v]));  // kept in registers: loads are as scarce as arithmetic here
    }
  }

  // Outputs from words (that count from quant_min) of the low and the high eight channels of each lane.
  OCTAVO_INLINE void store_bytes(typename V::Int low, typename V::Int high, uint8_t* y) const {
    const auto bytes = V::flip(V::min8(V::max8(V::pack16(low, high), clamp_min), clamp_max), y_flip);
    if (channels == V::width) {
      V::store(y, bytes);
    } else {
      V::store(y, channels, bytes);
    }
  }

  // Two vectors of whole numbers to words.
  OCTAVO_INLINE typename V::Int words(typename V::Int a, typename V::Int b) const {
    return V::add16(V::pack32(a, b), zero_point);
  }

  // The same from accumulators of vectors `first` and `first` + 1, for products below 2^30: there the saturating packs
  // clamp as the float clamp would.
  OCTAVO_INLINE typename V::Int words(const typename V::Int* acc, int first) const {
    return words(V::to_int(V::mul(V::to_float(acc[0]), multiplier[first])),
                 V::to_int(V::mul(V::to_float(acc[1]), multiplier[first + 1])));
  }

  OCTAVO_INLINE void store(const typename V::Int (&acc)[4], uint8_t* y) const {
    store_bytes(words(acc, 0), words(acc + 2, 2), y);
  }
};

template <class V>
OCTAVO_INLINE void start(const DepthwiseArgs& args, typename V::Int (&acc)[4]) {
  for (int v = 0; v < 4; ++v) acc[v] = V::load(args.packed + v * V::width);
}

// acc += the four taps of each channel. The empty asm keeps the accumulators in their registers.
template <class V>
OCTAVO_INLINE void add_taps(typename V::Int (&acc)[4], const typename V::Int (&x)[4], const uint8_t* weight) {
  for (int v = 0; v < 4; ++v) {
    acc[v] = V::dot(acc[v], x[v], V::load(weight + v * V::width));
    asm("" : "+v"(acc[v]));
  }
}

template <class V>
const uint8_t* weights_of(const DepthwiseArgs& args) {
  return args.packed + V::width * (sizeof(int32_t) + sizeof(float));
}

// kFlip: whether `flip` may be other than zero.
template <class V, bool kFlip = true>
OCTAVO_INLINE typename V::Int pixel(const uint8_t* x, typename V::Int flip) {
  auto value = kFlip ? V::flip(V::load(x), flip) : V::load(x);
  asm("" : "+v"(value));  // loaded once, not once for each of its unpacks
  return value;
}

// The same channel of four pixels side by side.
template <class V>
OCTAVO_INLINE void interleave(typename V::Int a, typename V::Int b, typename V::Int c, typename V::Int d,
                              typename V::Int (&quad)[4]) {
  const auto ab_low = V::low8(a, b), ab_high = V::high8(a, b);
  const auto cd_low = V::low8(c, d), cd_high = V::high8(c, d);
  quad[0] = V::low16(ab_low, cd_low);
  quad[1] = V::high16(ab_low, cd_low);
  quad[2] = V::low16(ab_high, cd_high);
  quad[3] = V::high16(ab_high, cd_high);
}

// ---- 3x3 ----

// One column of three rows, or of four for two rows of outputs.
template <class V, bool kFlip, int kRows>
OCTAVO_INLINE void load_column(const uint8_t* x, int64_t pitch, typename V::Int flip, typename V::Int (&column)[4]) {
  const auto third = pixel<V, kFlip>(x + 2 * pitch, flip);
  const auto fourth = kRows == 2 ? pixel<V, kFlip>(x + 3 * pitch, flip) : third;
  interleave<V>(pixel<V, kFlip>(x, flip), pixel<V, kFlip>(x + pitch, flip), third, fourth, column);
}

// kRows output rows (2 at stride 1 alone), left to right.
template <class V, bool kFlip, int kStride, int kRows>
void row_3x3(const DepthwiseArgs& args, const uint8_t* x, uint8_t* y) {
  using Int = typename V::Int;
  const Block<V> block(args);
  const int64_t right = args.tap[1] - args.tap[0], pitch = args.tap[3] - args.tap[0];
  const uint8_t* weight = weights_of<V>(args);
  constexpr int kQuad = 4 * V::width;  // bytes; two quads a column, the second one for the lower row
  Int column[3][4];
  load_column<V, kFlip, kRows>(x, pitch, block.x_flip, column[0]);
  x += right;
  if (kStride == 1) {
    load_column<V, kFlip, kRows>(x, pitch, block.x_flip, column[1]);
    x += right;
  }
  for (int64_t count = args.columns; count > 0; --count, y += args.y_column) {
    if (kStride == 2) {
      load_column<V, kFlip, kRows>(x, pitch, block.x_flip, column[1]);
      x += right;
    }
    load_column<V, kFlip, kRows>(x, pitch, block.x_flip, column[2]);
    x += right;
    Int acc[kRows][4];
    for (int row = 0; row < kRows; ++row) {
      start<V>(args, acc[row]);
      for (int tap = 0; tap < 3; ++tap) add_taps<V>(acc[row], column[tap], weight + (tap * 2 + row) * kQuad);
    }
    for (int row = 0; row < kRows; ++row) block.store(acc[row], y + row * args.y_row);
    for (int v = 0; v < 4; ++v) {
      column[0][v] = column[kStride][v];
      if (kStride == 1) column[1][v] = column[2][v];
    }
  }
}

template <class V, int kStride>
struct Kernel3x3 {
  static void run(const DepthwiseArgs& args) { args.x_flip ? rows<true>(args) : rows<false>(args); }

  template <bool kFlip>
  static void rows(const DepthwiseArgs& args) {
    int64_t row = 0;
    if constexpr (kStride == 1)
      for (; row + 2 <= args.rows; row += 2)
        row_3x3<V, kFlip, 1, 2>(args, args.x + row * args.x_row, args.y + row * args.y_row);
    for (; row < args.rows; ++row)
      row_3x3<V, kFlip, kStride, 1>(args, args.x + row * args.x_row, args.y + row * args.y_row);
  }
};

// ---- 5x5 ----

// Half of the channels (the low or the high eight of each lane) of kPixels neighbouring pixels, as two quads.
template <class V, int kHalf, int kPixels>
OCTAVO_INLINE void load_quads(const uint8_t* x, int64_t right, typename V::Int flip, typename V::Int (&quad)[2][2]) {
  typename V::Int pixels[8], pair[4];
  for (int i = 0; i < 8; ++i) pixels[i] = i < kPixels ? pixel<V>(x + i * right, flip) : pixels[i - 1];
  for (int i = 0; i < 4; ++i)
    pair[i] = kHalf == 0 ? V::low8(pixels[2 * i], pixels[2 * i + 1]) : V::high8(pixels[2 * i], pixels[2 * i + 1]);
  for (int i = 0; i < 2; ++i) {
    quad[i][0] = V::low16(pair[2 * i], pair[2 * i + 1]);
    quad[i][1] = V::high16(pair[2 * i], pair[2 * i + 1]);
  }
}

// Half of the channels of kRows rows of kOutputs neighbouring outputs, as 16-bit words with the zero_point added. Every
// vector of weights is loaded once for both rows. The packed weights hold kPacked outputs.
template <class V, int kStride, int kPacked, int kRows, int kOutputs, int kHalf>
OCTAVO_INLINE void half_5x5(const DepthwiseArgs& args, const Block<V>& block, const uint8_t* x,
                            typename V::Int (&words)[kRows][kOutputs]) {
  using Int = typename V::Int;
  constexpr int kPixels = 5 + (kOutputs - 1) * kStride, kAhead = (kRows - 1) * kStride;
  const int64_t right = args.tap[1] - args.tap[0], pitch = args.tap[5] - args.tap[0];
  const uint8_t* weight = weights_of<V>(args) + 2 * kHalf * V::width;
  Int acc[kRows][kOutputs][2], quad[kAhead + 1][2][2];  // quad[i]: input row i below the one of this step
  for (int row = 0; row < kRows; ++row)
    for (int output = 0; output < kOutputs; ++output)
      for (int v = 0; v < 2; ++v) acc[row][output][v] = V::load(args.packed + (2 * kHalf + v) * V::width);
  for (int i = 0; i < kAhead; ++i, x += pitch) load_quads<V, kHalf, kPixels>(x, right, block.x_flip, quad[i]);
  for (int step = 0; step < 5; ++step, x += pitch, weight += kPacked * 8 * V::width) {
    load_quads<V, kHalf, kPixels>(x, right, block.x_flip, quad[kAhead]);
    for (int i = 0; i < 2; ++i)
      for (int output = 0; output < kOutputs; ++output)
        for (int v = 0; v < 2; ++v) {
          Int w = V::load(weight + ((output * 2 + i) * 4 + v) * V::width);
          asm("" : "+v"(w));  // one load, not an operand of each row
          for (int row = 0; row < kRows; ++row) {
            acc[row][output][v] = V::dot(acc[row][output][v], quad[row * kStride][i][v], w);
            asm("" : "+v"(acc[row][output][v]));
          }
        }
    for (int row = 0; row < kAhead; ++row)
      for (int i = 0; i < 2; ++i)
        for (int v = 0; v < 2; ++v) quad[row][i][v] = quad[row + 1][i][v];
  }
  for (int row = 0; row < kRows; ++row)
    for (int output = 0; output < kOutputs; ++output) words[row][output] = block.words(acc[row][output], 2 * kHalf);
}

template <class V, int kStride, int kPacked, int kRows, int kOutputs>
OCTAVO_INLINE void outputs_5x5(const DepthwiseArgs& args, const Block<V>& block, const uint8_t* x, uint8_t* y) {
  typename V::Int low[kRows][kOutputs], high[kRows][kOutputs];
  half_5x5<V, kStride, kPacked, kRows, kOutputs, 0>(args, block, x, low);
  half_5x5<V, kStride, kPacked, kRows, kOutputs, 1>(args, block, x, high);
  for (int row = 0; row < kRows; ++row)
    for (int output = 0; output < kOutputs; ++output)
      block.store_bytes(low[row][output], high[row][output], y + row * args.y_row + output * args.y_column);
}

template <class V, int kStride, int kRows>
void row_5x5(const DepthwiseArgs& args, const uint8_t* x, uint8_t* y) {
  constexpr int kPacked = kStride == 1 ? 4 : 2;
  const Block<V> block(args);
  int64_t left = args.columns;
  for (; left >= kPacked; left -= kPacked, x += kPacked * args.x_column, y += kPacked * args.y_column)
    outputs_5x5<V, kStride, kPacked, kRows, kPacked>(args, block, x, y);
  if constexpr (kPacked == 4) {
    if (left == 3) outputs_5x5<V, kStride, kPacked, kRows, 3>(args, block, x, y);
    if (left == 2) outputs_5x5<V, kStride, kPacked, kRows, 2>(args, block, x, y);
  }
  if (left == 1) outputs_5x5<V, kStride, kPacked, kRows, 1>(args, block, x, y);
}

template <class V, int kStride>
struct Kernel5x5 {
  static void run(const DepthwiseArgs& args) {
    int64_t row = 0;
    for (; row + 2 <= args.rows; row += 2)
      row_5x5<V, kStride, 2>(args, args.x + row * args.x_row, args.y + row * args.y_row);
    if (row < args.rows) row_5x5<V, kStride, 1>(args, args.x + row * args.x_row, args.y + row * args.y_row);
  }
};

// ---- any kernel ----

template <class V>
OCTAVO_INLINE void accumulate(const DepthwiseArgs& args, const uint8_t* x, typename V::Int flip,
                              typename V::Int (&acc)[4]) {
  const uint8_t* weight = weights_of<V>(args);
  start<V>(args, acc);
  for (int group = 0; group < args.tap_groups; ++group, weight += 4 * V::width) {
    const int64_t* tap = args.tap + group * 4;
    typename V::Int quad[4];
    interleave<V>(pixel<V>(x + tap[0], flip), pixel<V>(x + tap[1], flip), pixel<V>(x + tap[2], flip),
                  pixel<V>(x + tap[3], flip), quad);
    add_taps<V>(acc, quad, weight);
  }
}

// float32 outputs in their natural order.
template <class V>
void store_floats(const typename V::Float (&value)[4], int channels, float* y) {
  alignas(64) float place[V::width];
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
  const auto bytes = V::flip(V::load(residual), V::set8(epilogue.residual_flip));
  typename V::Int term[4];
  interleave<V>(bytes, V::zero(), V::zero(), V::zero(), term);
  for (int v = 0; v < 4; ++v) value[v] = V::add(value[v], V::mul(V::to_float(V::sub(term[v], zero_point)), multiplier));
}

template <class V, int kStride>
struct KernelAny {
  static void run(const DepthwiseArgs& args) {
    const DepthwiseEpilogue& rule = *args.epilogue;
    const Block<V> block(args);
    const auto low = V::set(rule.clamp_low), high = V::set(rule.clamp_high);
    for (int64_t row = 0; row < args.rows; ++row)
      for (int64_t column = 0; column < args.columns; ++column) {
        typename V::Int acc[4];
        typename V::Float value[4];
        accumulate<V>(args, args.x + row * args.x_row + column * args.x_column, block.x_flip, acc);
        for (int v = 0; v < 4; ++v) value[v] = V::mul(V::to_float(acc[v]), block.multiplier[v]);
        uint8_t* y = args.y + row * args.y_row + column * args.y_column;
        if (rule.to_float) {
          store_floats<V>(value, args.channels, reinterpret_cast<float*>(y));
          continue;
        }
        if (args.residual)
          add_residual<V>(rule, args.residual + row * args.residual_row + column * args.residual_column, value);
        for (int v = 0; v < 4; ++v) acc[v] = V::to_int(V::min(V::max(value[v], low), high));
        block.store_bytes(block.words(acc[0], acc[1]), block.words(acc[2], acc[3]), y);
      }
  }
};

template <template <class, int> class Kernel, int kStride>
void run_width(const DepthwiseArgs& args) {
  if (args.width == 64) return Kernel<V64, kStride>::run(args);
  if (args.width == 32) return Kernel<V32, kStride>::run(args);
  return Kernel<V16, kStride>::run(args);
}

}  // namespace

void depthwise_avx512_vnni(const DepthwiseArgs& args) { run_width<KernelAny, 1>(args); }
void depthwise_3x3_stride1_avx512_vnni(const DepthwiseArgs& args) { run_width<Kernel3x3, 1>(args); }
void depthwise_3x3_stride2_avx512_vnni(const DepthwiseArgs& args) { run_width<Kernel3x3, 2>(args); }
void depthwise_5x5_stride1_avx512_vnni(const DepthwiseArgs& args) { run_width<Kernel5x5, 1>(args); }
void depthwise_5x5_stride2_avx512_vnni(const DepthwiseArgs& args) { run_width<Kernel5x5, 2>(args); }

}  // namespace octavo
