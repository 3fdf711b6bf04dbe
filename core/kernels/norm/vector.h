// The normalization kernel of every vector instruction set V (kernels/vector.h).
#pragma once

#include "kernels/norm/norm.h"
#include "kernels/vector.h"

namespace octavo {
namespace {

template <class V>
void norm_row(const NormRow& row, const uint8_t* from, uint8_t* to, const float* weight, const float* bias) {
  using Floats = typename V::Floats;
  if (!row.is_contiguous()) return reference::norm(row, from, to, weight, bias);
  const float* x = floats(from);
  float* y = floats(to);
  const int64_t n = row.count;
  const float count = static_cast<float>(n);
  const Floats mean(striped_sum<V>(n, [&](int64_t i, int64_t left) { return Floats::load(x + i, left); }) / count);
  const float variance = striped_sum<V>(n,
                                        [&](int64_t i, int64_t left) {
                                          const Floats d = Floats::load(x + i, left) - mean;
                                          return d * d;
                                        }) /
                         count;
  const Floats inverse(1.0f / __builtin_sqrtf(variance + row.eps));
  if (row.shared == 1) {
    float_row<V>(y, n, [&](int64_t i, int64_t left) {
      return (Floats::load(x + i, left) - mean) * inverse * Floats::load(weight + i, left) +
             Floats::load(bias + i, left);
    });
    return;
  }
  for (int64_t first = 0; first < n; first += row.shared) {
    const Floats w(*weight++), b(*bias++);
    float_row<V>(y + first, row.shared,
                 [&](int64_t i, int64_t left) { return (Floats::load(x + first + i, left) - mean) * inverse * w + b; });
  }
}

}  // namespace
}  // namespace octavo
