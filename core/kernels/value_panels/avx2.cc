// Panels of 16 outputs, two elements of each side by side.
#include "kernels/avx2.h"
#include "kernels/value_panels/vector.h"

namespace octavo {
namespace {

// Eight rows of eight pairs of bytes: pair i of every row goes to `to` + i * stride, for the first `pairs`.
inline void transpose_pairs(const uint8_t (*rows)[kDepth], int64_t pairs, int8_t* to, int64_t stride) {
  __m128i a[8], b[8];
  for (int i = 0; i < 8; ++i) a[i] = _mm_load_si128(reinterpret_cast<const __m128i*>(rows[i]));
  for (int i = 0; i < 4; ++i) {
    b[2 * i] = _mm_unpacklo_epi16(a[2 * i], a[2 * i + 1]);
    b[2 * i + 1] = _mm_unpackhi_epi16(a[2 * i], a[2 * i + 1]);
  }
  for (int i = 0; i < 2; ++i) {
    for (int half = 0; half < 2; ++half) {
      a[4 * i + 2 * half] = _mm_unpacklo_epi32(b[4 * i + half], b[4 * i + 2 + half]);
      a[4 * i + 2 * half + 1] = _mm_unpackhi_epi32(b[4 * i + half], b[4 * i + 2 + half]);
    }
  }
  for (int i = 0; i < 4; ++i) {
    b[2 * i] = _mm_unpacklo_epi64(a[i], a[4 + i]);
    b[2 * i + 1] = _mm_unpackhi_epi64(a[i], a[4 + i]);
  }
  for (int64_t i = 0; i < 8 && i < pairs; ++i) _mm_store_si128(reinterpret_cast<__m128i*>(to + i * stride), b[i]);
}

struct Panels : Avx2 {
  static constexpr PanelShape kPanel = avx2::kPanel;
  static_assert(kPanel.nr == 16 && kPanel.interleave == 2);

  static void store_groups(const uint8_t (&rows)[16][kDepth], int64_t groups, int8_t* to) {
    for (int64_t group = 0; group < groups; group += 8)
      for (int half = 0; half < 2; ++half)
        transpose_pairs(reinterpret_cast<const uint8_t (*)[kDepth]>(rows[8 * half] + 2 * group), groups - group,
                        to + 32 * group + 16 * half, 32);
  }

  static void store_group(const Ints (&values)[2][2], int8_t* to) {
    const __m256i low = _mm256_set1_epi32(0xff);
    __m256i pairs[2];
    for (int v = 0; v < 2; ++v)
      pairs[v] = _mm256_or_si256(_mm256_and_si256(values[0][v].v, low),
                                 _mm256_slli_epi32(_mm256_and_si256(values[1][v].v, low), 8));
    const __m256i packed = _mm256_packus_epi32(pairs[0], pairs[1]);
    _mm256_store_si256(reinterpret_cast<__m256i*>(to), _mm256_permute4x64_epi64(packed, 0xd8));
  }

  static void store_minus_sums(const int8_t* w, int64_t groups, int32_t* to) {
    const __m256i ones = _mm256_set1_epi8(1);
    __m256i sums[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
    for (int64_t group = 0; group < groups; ++group, w += 32) {
      const __m256i pairs = _mm256_maddubs_epi16(ones, _mm256_load_si256(reinterpret_cast<const __m256i*>(w)));
      sums[0] = _mm256_sub_epi32(sums[0], _mm256_cvtepi16_epi32(_mm256_castsi256_si128(pairs)));
      sums[1] = _mm256_sub_epi32(sums[1], _mm256_cvtepi16_epi32(_mm256_extracti128_si256(pairs, 1)));
    }
    for (int v = 0; v < 2; ++v) _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + 8 * v), sums[v]);
  }
};

}  // namespace

const ValuePanelKernels avx2::kValuePanels = kernels_of<Panels>();

}  // namespace octavo
