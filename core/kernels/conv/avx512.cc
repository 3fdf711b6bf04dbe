// Tiles of up to 8 pixels x 16 or 32 channels, without VNNI. 16 accumulators, 2 vectors of weights, 1 broadcast, 1
// product, the ones of a widening: 21 of 32 registers.
#include <immintrin.h>

#include <cstring>

#include "kernels/conv/bytes.h"
#include "kernels/conv/words.h"

namespace octavo {
namespace {

struct Lanes {
  using Vector = __m512i;
  static constexpr int kLanes = 16;
  static constexpr bool kSaturates = true;

  static Vector load(const void* p) { return _mm512_loadu_si512(p); }
  static void store(void* p, Vector a) { _mm512_storeu_si512(p, a); }
  static Vector broadcast(const void* p) {
    int32_t word;
    std::memcpy(&word, p, sizeof word);
    return _mm512_set1_epi32(word);
  }
  static Vector flipped(Vector x) { return _mm512_xor_si512(x, _mm512_set1_epi8(static_cast<char>(0x80))); }
  static Vector widened(const int8_t* w) {
    return _mm512_cvtepi8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(w)));
  }
  static Vector add(Vector a, Vector b) { return _mm512_add_epi32(a, b); }
  static Vector add16(Vector a, Vector b) { return _mm512_add_epi16(a, b); }
  static Vector madd(Vector x, Vector w) { return _mm512_madd_epi16(x, w); }
  static Vector multiply(Vector x, Vector w) { return _mm512_maddubs_epi16(x, w); }
  static Vector widened_sum(Vector sums) { return madd(sums, _mm512_set1_epi16(1)); }
  static Vector dot(Vector acc, Vector x, Vector w) { return add(acc, widened_sum(multiply(x, w))); }
};

}  // namespace

const ConvFunction kConvAvx512Words16[] = {nullptr,
                                           run_words<Lanes, 1, 1>,
                                           run_words<Lanes, 2, 1>,
                                           run_words<Lanes, 3, 1>,
                                           run_words<Lanes, 4, 1>,
                                           run_words<Lanes, 5, 1>,
                                           run_words<Lanes, 6, 1>,
                                           run_words<Lanes, 7, 1>,
                                           run_words<Lanes, 8, 1>};
const ConvFunction kConvAvx512Words32[] = {nullptr,
                                           run_words<Lanes, 1, 2>,
                                           run_words<Lanes, 2, 2>,
                                           run_words<Lanes, 3, 2>,
                                           run_words<Lanes, 4, 2>,
                                           run_words<Lanes, 5, 2>,
                                           run_words<Lanes, 6, 2>,
                                           run_words<Lanes, 7, 2>,
                                           run_words<Lanes, 8, 2>};
const ConvFunction kConvAvx512Bytes16[] = {nullptr,
                                           run_bytes<Lanes, 1, 1>,
                                           run_bytes<Lanes, 2, 1>,
                                           run_bytes<Lanes, 3, 1>,
                                           run_bytes<Lanes, 4, 1>,
                                           run_bytes<Lanes, 5, 1>,
                                           run_bytes<Lanes, 6, 1>,
                                           run_bytes<Lanes, 7, 1>,
                                           run_bytes<Lanes, 8, 1>};
const ConvFunction kConvAvx512Bytes32[] = {nullptr,
                                           run_bytes<Lanes, 1, 2>,
                                           run_bytes<Lanes, 2, 2>,
                                           run_bytes<Lanes, 3, 2>,
                                           run_bytes<Lanes, 4, 2>,
                                           run_bytes<Lanes, 5, 2>,
                                           run_bytes<Lanes, 6, 2>,
                                           run_bytes<Lanes, 7, 2>,
                                           run_bytes<Lanes, 8, 2>};

}  // namespace octavo
