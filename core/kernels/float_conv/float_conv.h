// Float32 convolution over channels_last memory whose halo holds 0: y = (sum of x * w, from 0, tap by tap, in each of
// them channel by channel) + bias, each step rounded on its own. Output channels lie across lanes, so no sum is
// reordered.
#pragma once

#include "kernels/elementwise.h"
#include "kernels/kernel_table.h"

namespace octavo {

inline constexpr int64_t kFloatConvBlock = 32;  // output channels of a block

// A row of output pixels, of one block of output channels.
struct FloatConvRow {
  const uint8_t* x = nullptr;        // first pixel's first tap, at the first input channel
  uint8_t* y = nullptr;              // first pixel, at the first output channel
  int64_t x_pixel = 0, y_pixel = 0;  // bytes from an output pixel to the next
  const int64_t* tap = nullptr;      // bytes from the first tap to each
  int64_t taps = 0;
  int64_t in_channels = 0;
  int64_t out_channels = 0;  // of this block
  int64_t pixels = 0;
  const float* weight = nullptr;  // [taps, in_channels, kFloatConvBlock]; depthwise: no in_channels
  const float* bias = nullptr;    // [kFloatConvBlock]
};

struct FloatConvKernels {
  void (*conv)(const FloatConvRow& row);
  void (*depthwise)(const FloatConvRow& row);  // output channel c reads input channel c alone
};

namespace reference {
extern const FloatConvKernels kFloatConv;
}  // namespace reference
namespace avx2 {
extern const FloatConvKernels kFloatConv;
}  // namespace avx2
namespace avx512 {
extern const FloatConvKernels kFloatConv;
}  // namespace avx512
namespace neon {
extern const FloatConvKernels kFloatConv;
}  // namespace neon

inline constexpr KernelTable<const FloatConvKernels*> kFloatConvKernels{{{Isa::reference, &reference::kFloatConv},
                                                                         {Isa::avx2, &avx2::kFloatConv},
                                                                         {Isa::avx512, &avx512::kFloatConv},
                                                                         {Isa::neon, &neon::kFloatConv}}};

}  // namespace octavo
