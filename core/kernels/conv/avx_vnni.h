// Tiles of up to 6 pixels x 16 channels from vpdpbusd on 256 bits, an instruction with two encodings: VEX (AVX-VNNI)
// and EVEX (AVX512-VNNI with VL). Dot::dot(acc, x, w) is either; the rest is the same source.
//
// 12 accumulators, 2 vectors of weights, 1 broadcast: 15 of 16 registers.
#pragma once

#include "kernels/conv/bytes.h"
#include "kernels/conv/lanes256.h"

namespace octavo {
namespace {

template <class Dot>
struct VnniLanes256 : Lanes256 {
  static constexpr bool kSaturates = false;

  // The empty asm ties the accumulator to its register: left to itself, gcc 12 moves accumulators through the stack.
  [[gnu::always_inline]] static Vector dot(Vector acc, Vector x, Vector w) {
    acc = Dot::dot(acc, x, w);
    asm("" : "+v"(acc));
    return acc;
  }
};

}  // namespace
}  // namespace octavo
