// The meaning of the 8-bit conversions, one element at a time, for the reference kernels.
#pragma once

#include <cmath>
#include <cstdint>
#include <type_traits>

#include "kernels/elementwise.h"

namespace octavo {
namespace {

inline int32_t centered(uint8_t byte, const Levels& levels) {
  return static_cast<int32_t>(byte ^ levels.flip) - levels.zero_point;
}

inline uint8_t requantize(float value, const Requantize& q) {
  value = value > q.low ? value : q.low;
  value = value < q.high ? value : q.high;
  return static_cast<uint8_t>(static_cast<uint32_t>(std::lrintf(value) + q.zero_point) ^ q.flip);
}

// Calls visit(y, a, b), or visit(y, a, b, c) where it takes so many, with the addresses of each element's operands.
template <class Visit>
inline void for_each_element(const Block& block, Visit visit) {
  for (int64_t row = 0; row < block.rows; ++row) {
    uint8_t* at[kOperands];
    for (int i = 0; i < kOperands; ++i) at[i] = block.data[i] + row * block.row_stride[i];
    for (int64_t column = 0; column < block.count; ++column) {
      if constexpr (std::is_invocable_v<Visit, uint8_t*, uint8_t*, uint8_t*, uint8_t*>)
        visit(at[0], at[1], at[2], at[3]);
      else
        visit(at[0], at[1], at[2]);
      for (int i = 0; i < kOperands; ++i) at[i] += block.stride[i];
    }
  }
}

inline float& as_float(uint8_t* address) { return *reinterpret_cast<float*>(address); }

}  // namespace
}  // namespace octavo
