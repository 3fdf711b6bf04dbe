// pshufb looks up 16 entries by the low nibble and gives 0 where the index is negative. With the differences
// D_k = T_k ^ T_(k-1) of the 16-entry parts, the xor of D_k[x & 15] over all k <= x / 16 is T_(x/16)[x & 15]: the index
// falls by 16 from part to part and turns negative after its own. Two chains, for x below 128 and from 128 on.
#include "kernels/avx2.h"
#include "kernels/table/table.h"

namespace octavo::avx2 {
namespace {

struct Differences {
  __m256i part[16];
};

inline __m256i look_up(__m256i x, const Differences& d) {
  const __m256i sixteen = _mm256_set1_epi8(16);
  __m256i low = x, high = _mm256_xor_si256(x, _mm256_set1_epi8(-128));
  __m256i y = _mm256_xor_si256(_mm256_shuffle_epi8(d.part[0], low), _mm256_shuffle_epi8(d.part[8], high));
  for (int k = 1; k < 8; ++k) {
    low = _mm256_subs_epi8(low, sixteen);
    high = _mm256_subs_epi8(high, sixteen);
    y = _mm256_xor_si256(y, _mm256_shuffle_epi8(d.part[k], low));
    y = _mm256_xor_si256(y, _mm256_shuffle_epi8(d.part[8 + k], high));
  }
  return y;
}

}  // namespace

void table(const uint8_t* table, const Block& block) {
  if (block.stride[0] != 1 || block.stride[1] != 1) return reference::table(table, block);
  Differences d;
  __m128i before = _mm_setzero_si128();
  for (int k = 0; k < 16; ++k) {
    const __m128i part = _mm_loadu_si128(reinterpret_cast<const __m128i*>(table + 16 * k));
    d.part[k] = _mm256_broadcastsi128_si256(k % 8 == 0 ? part : _mm_xor_si128(part, before));
    before = part;
  }
  for (int64_t row = 0; row < block.rows; ++row) {
    uint8_t* y = block.data[0] + row * block.row_stride[0];
    const uint8_t* x = block.data[1] + row * block.row_stride[1];
    for (int64_t i = 0; i < block.count; i += 32) {
      const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(x + i));
      store(y + i, block.count - i, Avx2::Bytes(look_up(bytes, d)));
    }
  }
}

}  // namespace octavo::avx2
