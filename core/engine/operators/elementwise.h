// Loops over the elements of tensors with any strides, and what operators that requantize have in common.
#pragma once

#include <algorithm>
#include <array>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>

#include "engine/operator.h"
#include "engine/spec.h"
#include "kernels/elementwise.h"

namespace octavo {

// Nested loops over an output (operand 0) and up to three inputs that broadcast to it as NumPy does. Axes of size 1 are
// dropped, the others sorted by the output's strides and neighbours that step as one are merged.
class Loops {
 public:
  // `row_axis` of the output, where given, becomes the innermost loop as it is, never merged nor shared between
  // threads.
  Loops(const Tensor& y, std::initializer_list<const Tensor*> inputs, int row_axis = -1);

  // Calls work(block) for each piece of this thread's share.
  template <class Work>
  void visit(int thread, int threads, Work work) const;

  // Takes the data of an operand from `tensor`, of which the one that was given is a view.
  void read_from(int operand, const Tensor& tensor) { operand_[operand] = &tensor; }

  // How many pieces the work could be shared in.
  int64_t shareable() const { return axis_[largest_axis()].count; }

 private:
  struct Axis {
    int64_t count = 1;
    int64_t stride[kOperands] = {};  // bytes
  };
  static constexpr int kAxes = kMaxRank + 2;
  void append(const Tensor& y, int axis);
  void merge();
  int largest_axis() const;
  int shared_axis(int threads) const;

  std::array<const Tensor*, kOperands> operand_ = {};
  int axes_ = 0;
  std::array<Axis, kAxes> axis_ = {};
  int shareable_ = 0;  // how many of the axes, from the first one on, may be shared
};

template <class Work>
void Loops::visit(int thread, int threads, Work work) const {
  const int at = shared_axis(threads);
  const Axis& shared = axis_[at];
  const int64_t granule = at == axes_ - 1 ? 64 : 1;  // steps: no line of the cache belongs to two threads
  const Range range = share((shared.count + granule - 1) / granule, thread, threads);
  const int64_t first = range.first * granule;
  const int64_t last = std::min(range.last * granule, shared.count);
  if (first >= last) return;
  std::array<Axis, kAxes> axis = axis_;
  axis[at].count = last - first;

  const Axis &rows = axis[axes_ - 2], &columns = axis[axes_ - 1];
  Block block{.rows = rows.count, .count = columns.count};
  for (int i = 0; i < kOperands; ++i) {
    if (operand_[i] == nullptr) continue;
    block.data[i] = operand_[i]->data + first * shared.stride[i];
    block.row_stride[i] = rows.stride[i];
    block.stride[i] = columns.stride[i];
  }
  std::array<int64_t, kAxes> index = {};
  for (;;) {
    work(block);
    int outer = axes_ - 3;
    for (; outer >= 0; --outer) {
      const bool wraps = ++index[outer] == axis[outer].count;
      const int64_t steps = wraps ? 1 - axis[outer].count : 1;
      for (int i = 0; i < kOperands; ++i) block.data[i] += steps * axis[outer].stride[i];
      if (!wraps) break;
      index[outer] = 0;
    }
    if (outer < 0) return;
  }
}

// A step that calls kernel(block) for each piece of each thread's share.
template <class Kernel>
class ElementwiseStep final : public Step {
 public:
  ElementwiseStep(const Loops& loops, Kernel kernel) : loops_(loops), kernel_(kernel) {}
  void run(int thread, int threads) noexcept override { loops_.visit(thread, threads, kernel_); }

 private:
  Loops loops_;
  Kernel kernel_;
};

template <class Kernel>
std::unique_ptr<Step> make_elementwise_step(const Loops& loops, Kernel kernel) {
  return std::make_unique<ElementwiseStep<Kernel>>(loops, kernel);
}

Levels levels_of(const ValueType& type);
// Reads clamp_min and clamp_max; throws unless they are a range within the dtype's.
Requantize requantize_of(const OperatorSpec& spec, const ValueType& type);

// Throws std::invalid_argument unless the operator has that many inputs and one output.
void require_values(const OperatorSpec& spec, size_t inputs);
void require_dtype(const OperatorSpec& spec, const ValueType& type, bool fits, const char* expected);

std::string to_text(const Shape& shape);
[[noreturn]] void shape_error(const std::string& name, const std::string& what);
// Throws unless the output's shape is that to which the inputs broadcast.
void require_broadcast(const std::string& name, std::span<const Shape> inputs, const Shape& output);
// Throws unless the shapes are the same.
void require_same(const std::string& name, const Shape& input, const Shape& output);

}  // namespace octavo
