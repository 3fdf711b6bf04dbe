// What the planner asks of an operator, and the step that an operator becomes once its tensors lie somewhere.
#pragma once

#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/tensor.h"
#include "threads/barrier.h"

namespace octavo {

// The order in which the axes of a value lie in memory, outermost first.
// row_major: the logical order. channels_last: n, (spatial axes), c; it needs rank >= 3.
enum class Order : uint8_t { any, row_major, channels_last };

// The spatial axes of [n, c, d, h, w]. A value of lower rank, [n, c, h, w] or [n, c, l], lacks the first ones.
inline constexpr int kSpatialAxes = 3;

// Elements before and after each spatial axis of a channels_last value (none along those that it lacks). They exist in
// memory, hold the value's zero_point (0 for float) and are read, never written, by consumers.
struct Halo {
  int64_t before[kSpatialAxes] = {}, after[kSpatialAxes] = {};
};

struct InputNeed {
  Order order = Order::any;
  Halo halo;
};

// Work over tensors that lie somewhere. `run` is called once for each thread of a run and does that thread's share; any
// thread may do it, and any order of the shares must do: what they have in common is read only. The caller puts a
// barrier between steps. It must not allocate, lock or throw, and must give the same bytes for any number of threads.
// One step is never run twice at once (concurrent runs have plans of their own).
//
// A step whose threads meet at a barrier says so and overrides `run_together` in place of `run`: its threads call it at
// the same time.
class Step {
 public:
  virtual ~Step() = default;
  virtual void run(int /*thread*/, int /*threads*/) noexcept {}
  virtual bool meets() const { return false; }
  virtual void run_together(int thread, int threads, Barrier& /*barrier*/) noexcept { run(thread, threads); }

  // What the last run found wrong in the numbers of its inputs, or null, and forgets it; called between runs. The
  // outputs of such a run mean nothing, but nothing was read or written out of bounds.
  virtual std::exception_ptr take_error() { return nullptr; }
};

// An operator of a network: immutable once built, shared by all plans. Weights are packed in the constructor.
class Operator {
 public:
  virtual ~Operator() = default;

  // Throws std::invalid_argument unless the shapes fit the operator's attributes and each other exactly: this check,
  // made before memory is planned, is what keeps kernels inside their tensors.
  virtual void check(std::span<const Shape> inputs, std::span<const Shape> outputs) const = 0;

  // The names of the ways to build this operator that may differ in speed for tensors of these shapes, never in a bit:
  // OperatorSpec::variant takes one. Beside them there is always the way that the operator chooses by itself.
  virtual std::vector<std::string> variants(std::span<const Shape> /*inputs*/, std::span<const Shape> /*outputs*/,
                                            int /*threads*/) const {
    return {};
  }

  virtual InputNeed input_need(int /*input*/, std::span<const Shape> /*inputs*/) const { return {}; }

  // Order::any: what the consumers want, else the order of input 0. Outputs are written through all of their strides;
  // only the innermost axis (channels or the last one) is promised to be contiguous.
  virtual Order output_order() const { return Order::any; }

  // For operators of one output: whether each element of the output depends on `input` at the same place alone, so that
  // it may be written over it.
  virtual bool in_place(int /*input*/) const { return false; }

  // For operators that only rename memory (reshape, permute, slice), which are never bound: the strides and byte offset
  // of the output as a view of `input`, or nothing where only a dense row_major copy of the input could be viewed so.
  virtual bool is_view() const { return false; }
  struct View {
    int64_t offset = 0;
    int64_t stride[kMaxRank] = {};
  };
  virtual std::optional<View> view(const Tensor& /*input*/, const Shape& /*output*/) const { return {}; }

  // Whether the axes of the outputs are the axes of the inputs, so that a wanted order carries over from one to the
  // other.
  virtual bool aligned() const { return true; }

  // For views: whether the elements around the output's spatial axes are those around the input's, so that a halo is
  // shared.
  virtual bool keeps_halo() const { return false; }

  // For concat: the axis along which the inputs lie side by side in the output; -1 for every other operator.
  virtual int joined_axis() const { return -1; }

  // Bytes that a step needs while it runs, for inputs of these shapes. They come as one more output of `bind`, the last
  // one: a uint8 tensor of one axis, aligned to 64 bytes, holding anything.
  virtual int64_t scratch_bytes(std::span<const Shape> /*inputs*/) const { return 0; }

  // Bytes that each thread needs for itself while it does a share of a step, for inputs of these shapes: what
  // `own_memory` gives then.
  virtual int64_t own_bytes(std::span<const Shape> /*inputs*/) const { return 0; }

  // For operators that others do the work of, which are never bound: an operator for each part of the output. It reads
  // input 0 from element x_first of each axis on and writes every y_step-th element of the output from y_first on.
  struct Part {
    std::unique_ptr<Operator> op;
    int64_t x_first[kMaxRank] = {}, y_first[kMaxRank] = {}, y_step[kMaxRank] = {1, 1, 1, 1, 1, 1};
  };
  virtual std::span<const Part> parts() const { return {}; }

  // Tensors outlive the step and stay at their address; a step reads `data` anew at every run.
  virtual std::unique_ptr<Step> bind(std::span<const Tensor> inputs, std::span<const Tensor> outputs) const = 0;
};

// The share of `count` items that belongs to `thread`: [first, last).
struct Range {
  int64_t first, last;
};
inline Range share(int64_t count, int thread, int threads) {
  return {count * thread / threads, count * (thread + 1) / threads};
}

}  // namespace octavo
