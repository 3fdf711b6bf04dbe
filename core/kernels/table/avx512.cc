// The table lies in four registers as 128 pairs of bytes. vpermt2w looks up 64 of them by x / 2, x's lowest bit then
// chooses the byte of the pair.
#include "kernels/avx512.h"
#include "kernels/table/table.h"

namespace octavo::avx512 {
namespace {

struct Pairs {
  __m512i part[4];
};

// The byte of each 16-bit x < 256, in the low half of its word; the high half is arbitrary.
inline __m512i look_up(__m512i x, const Pairs& pairs) {
  const __m512i index = _mm512_srli_epi16(x, 1);
  const __m512i low = _mm512_permutex2var_epi16(pairs.part[0], index, pairs.part[1]);
  const __m512i high = _mm512_permutex2var_epi16(pairs.part[2], index, pairs.part[3]);
  const __m512i pair = _mm512_mask_blend_epi16(_mm512_test_epi16_mask(x, _mm512_set1_epi16(128)), low, high);
  return _mm512_srlv_epi16(pair, _mm512_slli_epi16(_mm512_and_si512(x, _mm512_set1_epi16(1)), 3));
}

inline __m512i look_up_bytes(__m512i x, const Pairs& pairs) {
  const __m512i even = look_up(_mm512_and_si512(x, _mm512_set1_epi16(255)), pairs);
  const __m512i odd = look_up(_mm512_srli_epi16(x, 8), pairs);
  return _mm512_mask_blend_epi8(0xaaaaaaaaaaaaaaaaull, even, _mm512_slli_epi16(odd, 8));
}

}  // namespace

void table(const uint8_t* table, const Block& block) {
  if (block.stride[0] != 1 || block.stride[1] != 1) return reference::table(table, block);
  Pairs pairs;
  for (int i = 0; i < 4; ++i) pairs.part[i] = _mm512_loadu_si512(table + 64 * i);
  for (int64_t row = 0; row < block.rows; ++row) {
    uint8_t* y = block.data[0] + row * block.row_stride[0];
    const uint8_t* x = block.data[1] + row * block.row_stride[1];
    for (int64_t i = 0; i < block.count; i += 64)
      store(y + i, block.count - i, Avx512::Bytes(look_up_bytes(_mm512_loadu_si512(x + i), pairs)));
  }
}

}  // namespace octavo::avx512
