// The softmax kernel of every vector instruction set V (kernels/vector.h).
#pragma once

#include "kernels/float_math.h"
#include "kernels/softmax/softmax.h"
#include "kernels/vector.h"

namespace octavo {
namespace {

template <class V>
inline float maximum(const float* x, int64_t n) {
  using Floats = typename V::Floats;
  const Floats lowest(-__builtin_inff());
  Floats largest = lowest;
  for (int64_t i = 0; i < n; i += V::kLanes)
    largest = max(select(Floats::first(n - i), Floats::load(x + i, n - i), lowest), largest);
  float lanes[V::kLanes];
  store(lanes, largest);
  float result = lanes[0];
  for (const float lane : lanes) result = lane > result ? lane : result;
  return result;
}

template <class V>
void softmax_rows(const Block& block) {
  using Floats = typename V::Floats;
  if (block.stride[0] != 4 || block.stride[1] != 4) return reference::softmax(block);
  const int64_t n = block.count;
  for (int64_t row = 0; row < block.rows; ++row) {
    float* y = floats(block.data[0] + row * block.row_stride[0]);
    const float* x = floats(block.data[1] + row * block.row_stride[1]);
    const Floats largest(maximum<V>(x, n));
    const Floats sum(striped_sum<V>(n, [&](int64_t i, int64_t left) {
      const Floats e = exp(Floats::load(x + i, left) - largest);
      store(y + i, left, e);
      return e;
    }));
    float_row<V>(y, n, [&](int64_t i, int64_t left) { return Floats::load(y + i, left) / sum; });
  }
}

template <class V>
void log_softmax_rows(const Block& block) {
  using Floats = typename V::Floats;
  if (block.stride[0] != 4 || block.stride[1] != 4) return reference::log_softmax(block);
  const int64_t n = block.count;
  for (int64_t row = 0; row < block.rows; ++row) {
    const float* x = floats(block.data[1] + row * block.row_stride[1]);
    const Floats largest(maximum<V>(x, n));
    const auto centered = [&](int64_t i, int64_t left) { return Floats::load(x + i, left) - largest; };
    const Floats sum(striped_sum<V>(n, [&](int64_t i, int64_t left) { return exp(centered(i, left)); }));
    const Floats logarithm = log(sum);
    float_row<V>(floats(block.data[0] + row * block.row_stride[0]), n,
                 [&](int64_t i, int64_t left) { return centered(i, left) - logarithm; });
  }
}

}  // namespace
}  // namespace octavo
