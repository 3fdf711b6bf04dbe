// Products in tiles of 14 x 32: 28 accumulators, 2 weight vectors, 1 broadcast pair of a tile's channels: 31 of 32
// registers.
#include "kernels/avx512.h"
#include "kernels/winograd/vector.h"

namespace octavo {
namespace {

struct Vnni : Avx512 {
  static constexpr int kRows = 14, kVectors = 2;
  static constexpr bool kMakesPoints = true;

  // The empty asm ties the accumulator to its register: left to itself, gcc 12 moves accumulators through the stack.
  [[gnu::always_inline]] static Ints dot(Ints acc, Ints v, Words u) {
    acc.v = _mm512_dpwssd_epi32(acc.v, v.v, u.v);
    asm("" : "+v"(acc.v));
    return acc;
  }

  // No multiplication: it would take a pipe of the products beside which weights are made.
  [[gnu::always_inline]] static Words sixfold(Words a) { return (a << 2) + (a << 1); }

  // Saturating packs work inside 128-bit blocks: the permutation puts groups of four channels in order again.
  [[gnu::always_inline]] static void store_levels(const ConvOutput& out, const Ints (&level)[2], uint8_t* y,
                                                  int64_t channels) {
    const __m512i packed = _mm512_packs_epi32(level[0].v, level[1].v);
    const __m512i words = _mm512_adds_epi16(packed, _mm512_load_si512(out.zero_point));
    __m256i bytes = _mm256_packus_epi16(_mm512_castsi512_si256(words), _mm512_extracti64x4_epi64(words, 1));
    bytes = _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 2, 6, 1, 5, 3, 7));
    const auto constant = [](const uint8_t* p) { return _mm256_load_si256(reinterpret_cast<const __m256i*>(p)); };
    bytes = _mm256_min_epu8(_mm256_max_epu8(bytes, constant(out.clamp_min)), constant(out.clamp_max));
    bytes = _mm256_xor_si256(bytes, constant(out.flip));
    if (channels >= kWinogradChannels) {
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(y), bytes);
    } else {
      _mm256_mask_storeu_epi8(y, static_cast<__mmask32>(avx512_lanes::first_bytes(channels)), bytes);
    }
  }

  // Two pixels, `next` bytes apart, go the way to bytes together.
  [[gnu::always_inline]] static void store_two(const ConvOutput& out, const Floats (&a)[2], const Floats (&b)[2],
                                               uint8_t* y, int64_t next) {
    const __m512i zero_point = _mm512_load_si512(out.zero_point);
    const __m512i low = _mm512_adds_epi16(_mm512_packs_epi32(rounded(a[0]).v, rounded(a[1]).v), zero_point);
    const __m512i high = _mm512_adds_epi16(_mm512_packs_epi32(rounded(b[0]).v, rounded(b[1]).v), zero_point);
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    __m512i bytes = _mm512_permutexvar_epi32(order, _mm512_packus_epi16(low, high));
    bytes = _mm512_min_epu8(_mm512_max_epu8(bytes, _mm512_load_si512(out.clamp_min)), _mm512_load_si512(out.clamp_max));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(y), _mm512_castsi512_si256(bytes));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(y + next), _mm512_extracti64x4_epi64(bytes, 1));
  }
};

}  // namespace

const WinogradKernel kWinogradAvx512Vnni = kWinograd<Vnni>;

}  // namespace octavo
