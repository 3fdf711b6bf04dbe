// Products in tiles of 6 x 16: 12 accumulators, 2 weight vectors, 1 broadcast pair, 1 product: 16 registers.
#include "kernels/avx2.h"
#include "kernels/winograd/vector.h"

namespace octavo {
namespace {

struct Madd : Avx2 {
  static constexpr int kRows = 6, kVectors = 2;
  static constexpr bool kMakesPoints = false;  // products leave no register and few slots for it

  [[gnu::always_inline]] static Ints dot(Ints acc, Ints v, Words u) {
    return Ints(_mm256_add_epi32(acc.v, _mm256_madd_epi16(v.v, u.v)));
  }

  // One multiplication: gcc would make two shifts and a sum of it if it knew the number.
  [[gnu::always_inline]] static Words sixfold(Words a) {
    __m256i six = _mm256_set1_epi16(6);
    asm("" : "+x"(six));
    return Words(_mm256_mullo_epi16(a.v, six));
  }

  // Saturating packs work inside 128-bit blocks: the permutation puts groups of four channels in order again.
  [[gnu::always_inline]] static void store_levels(const ConvOutput& out, const Ints (&level)[4], uint8_t* y,
                                                  int64_t channels) {
    const auto constant = [](const void* p) { return _mm256_load_si256(static_cast<const __m256i*>(p)); };
    const __m256i zero = constant(out.zero_point);
    const __m256i low = _mm256_adds_epi16(_mm256_packs_epi32(level[0].v, level[1].v), zero);
    const __m256i high = _mm256_adds_epi16(_mm256_packs_epi32(level[2].v, level[3].v), zero);
    __m256i bytes = _mm256_packus_epi16(low, high);
    bytes = _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
    bytes = _mm256_min_epu8(_mm256_max_epu8(bytes, constant(out.clamp_min)), constant(out.clamp_max));
    bytes = _mm256_xor_si256(bytes, constant(out.flip));
    if (channels >= kWinogradChannels) {
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(y), bytes);
    } else {
      alignas(32) uint8_t kept[kWinogradChannels];
      _mm256_store_si256(reinterpret_cast<__m256i*>(kept), bytes);
      std::memcpy(y, kept, static_cast<size_t>(channels));
    }
  }

  // Two pixels, `next` bytes apart.
  [[gnu::always_inline]] static void store_two(const ConvOutput& out, const Floats (&a)[4], const Floats (&b)[4],
                                               uint8_t* y, int64_t next) {
    const Ints first[4] = {rounded(a[0]), rounded(a[1]), rounded(a[2]), rounded(a[3])};
    store_levels(out, first, y, kWinogradChannels);
    const Ints second[4] = {rounded(b[0]), rounded(b[1]), rounded(b[2]), rounded(b[3])};
    store_levels(out, second, y + next, kWinogradChannels);
  }
};

}  // namespace

const WinogradKernel kWinogradAvx2 = kWinograd<Madd>;

}  // namespace octavo
