// Normalization of the elements of a row to mean 0 and variance 1, then a line: layer_norm and group_norm.
#pragma once

#include <cstdint>

#include "kernels/kernel_table.h"

namespace octavo {

// mean = sum(x) / n; d = x - mean; y = (d * (1 / sqrt(sum(d * d) / n + eps))) * weight + bias. The sums are striped
// (docs/numerics.md), over the row's elements in row-major order.
struct NormRow {
  struct Axis {
    int64_t count = 1;
    int64_t x = 0, y = 0;  // strides in bytes
  };
  Axis axis[6];
  int axes = 0;  // at least 1, the innermost last, merged where x and y both step as one
  int64_t count = 1;
  int64_t shared = 1;  // so many consecutive elements have the same weight and bias
  float eps = 0;

  bool is_contiguous() const { return axes == 1 && axis[0].x == 4 && axis[0].y == 4; }
};

// Rows with the same weight and bias.
struct NormRows {
  static constexpr int kMost = 4;
  int count = 0;
  const uint8_t* x[kMost] = {};
  uint8_t* y[kMost] = {};
};

using NormKernel = void (*)(const NormRow& row, const NormRows& rows, const float* weight, const float* bias);

namespace reference {
void norm(const NormRow& row, const NormRows& rows, const float* weight, const float* bias);
}  // namespace reference
namespace avx2 {
void norm(const NormRow& row, const NormRows& rows, const float* weight, const float* bias);
}  // namespace avx2
namespace avx512 {
void norm(const NormRow& row, const NormRows& rows, const float* weight, const float* bias);
}  // namespace avx512
namespace neon {
void norm(const NormRow& row, const NormRows& rows, const float* weight, const float* bias);
}  // namespace neon

inline constexpr KernelTable<NormKernel> kNormKernels{
    {{Isa::reference, reference::norm}, {Isa::avx2, avx2::norm}, {Isa::avx512, avx512::norm}, {Isa::neon, neon::norm}}};

}  // namespace octavo
