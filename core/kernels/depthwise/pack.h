// Lays the weights of a depthwise convolution out as its kernel reads them.
//
// Channels are cut into blocks. A block holds, for `width` channels, the bias (int32), the multiplier (float32) and
// then the weights, group of taps by group of taps. For those in pairs or quads each of these is in the order in which
// byte unpacks leave channels: place 4·lanes·v + 4·lane + i of the block, for its `lanes` = width/16 lanes of 128 bits,
// is channel 16·lane + 4·v + i. Where weights are not plain, bias already includes −zero_point·Σweight, modulo 2^32.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/depthwise/table.h"

namespace octavo {

struct DepthwiseWeights {
  int64_t channels;
  int taps;
  const int8_t* weight;     // [channels][taps]
  const int32_t* bias;      // [channels]
  const float* multiplier;  // [channels]
  int32_t zero_point;       // of x, counted from quant_min
};

struct DepthwiseBlock {
  int64_t first;  // channel
  int channels, width;
  size_t at;  // index of its first line in PackedDepthwise::lines
};

struct PackedDepthwise {
  struct alignas(64) Line {
    uint8_t byte[64];
  };
  std::vector<Line> lines;
  std::vector<DepthwiseBlock> blocks;
  int tap_groups = 0;
};

PackedDepthwise pack_depthwise(const DepthwiseWeights& weights, const DepthwiseKernel& kernel);

}  // namespace octavo
