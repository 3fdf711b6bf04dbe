// Interleaves the two halves of a pixel, 32 channels of each at a time, the last of them under a mask.
#include <immintrin.h>

#include "kernels/channel_shuffle/channel_shuffle.h"

namespace octavo {
namespace {

__m512i interleave(__m256i low, __m256i high) {
  return _mm512_or_si512(_mm512_cvtepu8_epi16(low), _mm512_slli_epi16(_mm512_cvtepu8_epi16(high), 8));
}

}  // namespace

void channel_shuffle_avx512(const ChannelShuffleArgs& args) {
  const int64_t half = args.channels / 2;
  const int tail = static_cast<int>(half % 32);
  const __mmask32 read = (1u << tail) - 1;
  const __mmask64 written = (1ull << (2 * tail)) - 1;
  for (int64_t pixel = 0; pixel < args.pixels; ++pixel) {
    const uint8_t* x = args.x + pixel * args.x_pixel;
    uint8_t* y = args.y + pixel * args.y_pixel;
    int64_t j = 0;
    for (; j + 32 <= half; j += 32) {
      const __m256i low = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(x + j));
      const __m256i high = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(x + half + j));
      _mm512_storeu_si512(y + 2 * j, interleave(low, high));
    }
    if (tail != 0) {
      const __m256i low = _mm256_maskz_loadu_epi8(read, x + j), high = _mm256_maskz_loadu_epi8(read, x + half + j);
      _mm512_mask_storeu_epi8(y + 2 * j, written, interleave(low, high));
    }
  }
}

}  // namespace octavo
