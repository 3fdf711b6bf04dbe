// Every depthwise kernel there is: the dispatcher, the packing, the tests and the benchmarks read this table.
#pragma once

#include <span>
#include <vector>

#include "kernels/depthwise/depthwise.h"
#include "kernels/isa.h"

namespace octavo {

// The order of a block's weights in memory.
// plain: [channel][tap]. words: int16, [tap][channel]. pairs: int16, two taps of a channel in each 32-bit lane. quads:
// int8, four taps in each lane.
enum class DepthwisePacking : uint8_t { plain, words, pairs, quads };

struct DepthwiseKernel {
  const char* name;
  Isa isa;
  int kernel;  // height and width; 0: any kernel, stride, dilation and epilogue
  int stride;  // with a `kernel`: in both directions, with dilation 1, no residual, an 8-bit output, and products
               // accumulator * multiplier that stay below 2^30
  DepthwisePacking packing;
  std::span<const int> widths;              // of the blocks of channels, widest first; each a multiple of 16
  std::vector<int> (*tap_order)(int taps);  // the tap of each place of the packed weights, -1: a weight of zero
  DepthwiseFunction run;
};

std::span<const DepthwiseKernel> depthwise_kernels();

struct DepthwiseQuery {
  Isa isa;
  int kernel, stride;  // 0 where height and width differ, dilation is not 1, or the epilogue is not the plain one
};

// The best kernel for the query: the most specialized one of its instruction set, or of the first fallback with any.
const DepthwiseKernel& find_depthwise_kernel(const DepthwiseQuery& query);

}  // namespace octavo
