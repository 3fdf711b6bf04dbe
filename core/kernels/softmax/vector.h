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

// V::sum_tree(lanes) adds the 16 lanes, which lie in 16 / kLanes registers.
template <class V>
void softmax_rows(const Block& block) {
  using Floats = typename V::Floats;
  constexpr int64_t kLanes = V::kLanes, kRegisters = 16 / kLanes;
  if (block.stride[0] != 4 || block.stride[1] != 4) return reference::softmax(block);
  const int64_t n = block.count;
  for (int64_t row = 0; row < block.rows; ++row) {
    float* y = floats(block.data[0] + row * block.row_stride[0]);
    const float* x = floats(block.data[1] + row * block.row_stride[1]);
    const Floats largest(maximum<V>(x, n));
    Floats lanes[kRegisters];
    for (Floats& lane : lanes) lane = Floats(0.0f);
    for (int64_t i = 0; i < n; i += kLanes) {
      const Floats e = exp(Floats::load(x + i, n - i) - largest);
      store(y + i, n - i, e);
      Floats& lane = lanes[i / kLanes % kRegisters];
      lane = select(Floats::first(n - i), lane + e, lane);
    }
    const Floats sum(V::sum_tree(lanes));
    for (int64_t i = 0; i < n; i += kLanes) store(y + i, n - i, Floats::load(y + i, n - i) / sum);
  }
}

}  // namespace
}  // namespace octavo
