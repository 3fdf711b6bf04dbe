#include <immintrin.h>

#include "kernels/channel_shuffle/vector.h"

namespace octavo {
namespace {

inline void interleave(const uint8_t* low, const uint8_t* high, uint8_t* y) {
  const __m128i a = _mm_loadu_si128(reinterpret_cast<const __m128i*>(low));
  const __m128i b = _mm_loadu_si128(reinterpret_cast<const __m128i*>(high));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(y), _mm_unpacklo_epi8(a, b));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(y + 16), _mm_unpackhi_epi8(a, b));
}

}  // namespace

void channel_shuffle_avx2(const ChannelShuffleArgs& args) { shuffle_pixels(args, interleave); }

}  // namespace octavo
