// Products in tiles of 12 x 32: 24 accumulators, 2 weight vectors, 1 broadcast pair, 1 product: 28 of 32 registers.
#include "kernels/winograd/avx512.h"

namespace octavo {
namespace {

struct Madd : Avx512Winograd {
  static constexpr int kRows = 12;

  [[gnu::always_inline]] static Ints dot(Ints acc, Ints v, Words u) {
    acc.v = _mm512_add_epi32(acc.v, _mm512_madd_epi16(v.v, u.v));
    asm("" : "+v"(acc.v));
    return acc;
  }
};

}  // namespace

const WinogradKernel kWinogradAvx512 = kWinograd<Madd>;

}  // namespace octavo
