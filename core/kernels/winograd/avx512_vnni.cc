// Products in tiles of 14 x 32: 28 accumulators, 2 weight vectors, 1 broadcast pair of a tile's channels: 31 of 32
// registers.
#include "kernels/winograd/avx512.h"

namespace octavo {
namespace {

struct Vnni : Avx512Winograd {
  static constexpr int kRows = 14;

  // The empty asm ties the accumulator to its register: left to itself, gcc 12 moves accumulators through the stack.
  [[gnu::always_inline]] static Ints dot(Ints acc, Ints v, Words u) {
    acc.v = _mm512_dpwssd_epi32(acc.v, v.v, u.v);
    asm("" : "+v"(acc.v));
    return acc;
  }
};

}  // namespace

const WinogradKernel kWinogradAvx512Vnni = kWinograd<Vnni>;

}  // namespace octavo
