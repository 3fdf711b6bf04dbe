// Depthwise convolution of 8-bit values in channels_last memory: what a kernel is told, as plain data.
#pragma once

#include <cstddef>
#include <cstdint>

namespace octavo {

// How an accumulator becomes an output.
struct DepthwiseEpilogue {
  int32_t zero_point;            // of y
  float clamp_low, clamp_high;   // clamp_min - zero_point, clamp_max - zero_point
  uint8_t flip;                  // y = byte ^ flip, where a byte counts from quant_min: 0x80 where y is int8
  uint8_t clamp_min, clamp_max;  // as such bytes
  uint8_t residual_flip;
  int32_t residual_zero_point;
  float residual_multiplier;
  bool to_float;  // y is float32: f32(accumulator) * multiplier and nothing else
};

// One block of channels of one image: `rows` by `columns` outputs.
struct DepthwiseArgs {
  const uint8_t* x;         // the first tap of the first output, at the block's first channel
  int64_t x_row, x_column;  // bytes from the window of one output to the window below, to the right
  const int64_t* tap;  // where each tap lies in a window, in bytes, row by row; the last one is repeated (see pack.h)
  int taps;            // kernel height * width
  int tap_groups;      // the packed weights hold this many groups of taps
  uint8_t x_flip;      // x ^ x_flip counts from quant_min: 0x80 where x is int8
  int32_t x_zero_point;
  uint8_t* y;
  int64_t y_row, y_column;
  const uint8_t* residual;  // null: none
  int64_t residual_row, residual_column;
  int64_t rows, columns;
  int channels;           // 1 to width: the channels of the block that exist
  int width;              // the channels that the packed block has room for
  const uint8_t* packed;  // bias [width] int32, multiplier [width] float32, weights; see pack.h
  const DepthwiseEpilogue* epilogue;
};

using DepthwiseFunction = void (*)(const DepthwiseArgs&);

void depthwise_reference(const DepthwiseArgs& args);
void depthwise_neon(const DepthwiseArgs& args);
void depthwise_avx2(const DepthwiseArgs& args);
void depthwise_avx512_vnni(const DepthwiseArgs& args);
void depthwise_3x3_stride1_avx512_vnni(const DepthwiseArgs& args);
void depthwise_3x3_stride2_avx512_vnni(const DepthwiseArgs& args);
void depthwise_5x5_stride1_avx512_vnni(const DepthwiseArgs& args);
void depthwise_5x5_stride2_avx512_vnni(const DepthwiseArgs& args);

}  // namespace octavo
