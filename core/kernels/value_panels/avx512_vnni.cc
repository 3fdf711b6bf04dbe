// Panels of 32 outputs, four elements of each side by side.
#include "kernels/avx512.h"
#include "kernels/value_panels/vector.h"

namespace octavo {
namespace {

// Word j of vector i becomes word i of vector j.
inline void transpose(__m512i (&a)[16]) {
  __m512i b[16];
  for (int i = 0; i < 8; ++i) {
    b[2 * i] = _mm512_unpacklo_epi32(a[2 * i], a[2 * i + 1]);
    b[2 * i + 1] = _mm512_unpackhi_epi32(a[2 * i], a[2 * i + 1]);
  }
  for (int i = 0; i < 4; ++i) {
    for (int half = 0; half < 2; ++half) {
      a[4 * i + 2 * half] = _mm512_unpacklo_epi64(b[4 * i + half], b[4 * i + 2 + half]);
      a[4 * i + 2 * half + 1] = _mm512_unpackhi_epi64(b[4 * i + half], b[4 * i + 2 + half]);
    }
  }
  // Now lane l of a[4 * i + c] holds word 4 * l + c of the rows 4 * i to 4 * i + 3.
  for (int c = 0; c < 4; ++c) {
    const __m512i low02 = _mm512_shuffle_i32x4(a[c], a[4 + c], 0x88),
                  low13 = _mm512_shuffle_i32x4(a[c], a[4 + c], 0xdd);
    const __m512i high02 = _mm512_shuffle_i32x4(a[8 + c], a[12 + c], 0x88);
    const __m512i high13 = _mm512_shuffle_i32x4(a[8 + c], a[12 + c], 0xdd);
    b[c] = _mm512_shuffle_i32x4(low02, high02, 0x88);
    b[4 + c] = _mm512_shuffle_i32x4(low13, high13, 0x88);
    b[8 + c] = _mm512_shuffle_i32x4(low02, high02, 0xdd);
    b[12 + c] = _mm512_shuffle_i32x4(low13, high13, 0xdd);
  }
  for (int i = 0; i < 16; ++i) a[i] = b[i];
}

struct Panels : Avx512 {
  static constexpr PanelShape kPanel = avx512_vnni::kPanel;
  static_assert(kPanel.nr == 32 && kPanel.interleave == 4);

  static void store_groups(const uint8_t (&rows)[32][kDepth], int64_t groups, int8_t* to) {
    for (int half = 0; half < 2; ++half) {
      __m512i words[16];
      for (int i = 0; i < 16; ++i) words[i] = _mm512_load_si512(rows[16 * half + i]);
      transpose(words);
#pragma GCC unroll 16
      for (int64_t i = 0; i < 16; ++i)
        if (i < groups) _mm512_store_si512(to + 128 * i + 64 * half, words[i]);
    }
  }

  static void store_group(const Ints (&values)[4][2], int8_t* to) {
    const __m512i low = _mm512_set1_epi32(0xff);
    for (int v = 0; v < 2; ++v) {
      const __m512i b0 = _mm512_and_si512(values[0][v].v, low);
      const __m512i b1 = _mm512_slli_epi32(_mm512_and_si512(values[1][v].v, low), 8);
      const __m512i b2 = _mm512_slli_epi32(_mm512_and_si512(values[2][v].v, low), 16);
      const __m512i b3 = _mm512_slli_epi32(values[3][v].v, 24);
      _mm512_store_si512(to + 64 * v, _mm512_or_si512(_mm512_ternarylogic_epi32(b0, b1, b2, 0xfe), b3));
    }
  }

  static void store_minus_sums(const int8_t* w, int64_t groups, int32_t* to) {
    const __m512i ones = _mm512_set1_epi8(1);
    __m512i sums[2] = {_mm512_setzero_si512(), _mm512_setzero_si512()};
    for (int64_t group = 0; group < groups; ++group, w += 128)
      for (int v = 0; v < 2; ++v) sums[v] = _mm512_dpbusd_epi32(sums[v], ones, _mm512_load_si512(w + 64 * v));
    for (int v = 0; v < 2; ++v) _mm512_storeu_si512(to + 16 * v, _mm512_sub_epi32(_mm512_setzero_si512(), sums[v]));
  }
};

}  // namespace

const ValuePanelKernels avx512_vnni::kValuePanels = kernels_of<Panels>();

}  // namespace octavo
