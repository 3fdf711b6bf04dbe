// What element-wise kernels share: the elements to visit and how 8-bit values stand for numbers. Plain data.
#pragma once

#include <cstdint>

namespace octavo {

inline constexpr int kOperands = 4;

// `rows` rows of `count` elements in up to four operands: [0] is the output, the others are inputs. Strides are in
// bytes; 0 repeats an element. No element of the output is visited twice.
struct Block {
  int64_t rows = 1, count = 1;
  uint8_t* data[kOperands] = {};
  int64_t row_stride[kOperands] = {};
  int64_t stride[kOperands] = {};
};

// An 8-bit input as a level 0..255 counted from quant_min: level = byte ^ flip, with flip = 0x80 for int8, else 0. The
// zero_point is counted in the same way, so level - zero_point is q - zero_point for both dtypes.
struct Levels {
  int32_t zero_point = 0;
  uint32_t flip = 0;
};

// y = rne(min(max(v, low), high)) + zero_point as a level, then ^ flip. low = clamp_min - zero_point and
// high = clamp_max - zero_point are integers, so clamping first gives what clamping last would. NaN gives low.
struct Requantize {
  float low = 0, high = 0;
  int32_t zero_point = 0;
  uint32_t flip = 0;
};

}  // namespace octavo
