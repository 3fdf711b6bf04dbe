// take and gather: what indices name along an axis.
#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "engine/operators/elementwise.h"
#include "engine/operators/first_mistake.h"
#include "engine/operators/registry.h"
#include "engine/operators/rows.h"

namespace octavo {
namespace {

// `count` axes of a tensor, from `first` on.
Tensor axes_of(const Tensor& tensor, int first, int count) {
  Tensor result = tensor;
  result.shape.rank = count;
  for (int i = 0; i < count; ++i) {
    result.shape.dim[i] = tensor.shape.dim[first + i];
    result.stride[i] = tensor.stride[first + i];
  }
  return result;
}

void copy_item(uint8_t* to, const uint8_t* from, int64_t bytes) {
  switch (bytes) {
    case 1:
      *to = *from;
      return;
    case 4:
      std::memcpy(to, from, 4);
      return;
    case 8:
      std::memcpy(to, from, 8);
      return;
    default:
      std::memcpy(to, from, static_cast<size_t>(bytes));
  }
}

// A step that looks indices up in an axis of x, and what it says of one that is not there.
class IndexedStep : public Step {
 public:
  IndexedStep(const std::string& where, const Tensor& x, const Tensor& indices, int axis, int64_t lowest)
      : where_(where), indices_(indices), axis_(axis), size_(x.shape.dim[axis]), lowest_(lowest) {}

  std::exception_ptr take_error() override {
    const auto wrong = wrong_.take();
    if (!wrong) return nullptr;
    return std::make_exception_ptr(std::out_of_range(
        where_ + "index " + std::to_string(wrong->value) + " at " + to_text(place_of(wrong->position, indices_.shape)) +
        " is not in axis " + std::to_string(axis_) + ", which has " + std::to_string(size_) + " elements, expected " +
        std::to_string(lowest_) + " to " + std::to_string(size_ - 1)));
  }

 protected:
  // The index at a place of memory, from 0 on, or -1 once it is reported; `position` is where it stands.
  int64_t read(int64_t offset, int64_t position) noexcept {
    const int64_t index = *reinterpret_cast<const int64_t*>(indices_.data + offset);
    if (index >= lowest_ && index < size_) return index < 0 ? index + size_ : index;
    wrong_.report(position, index);
    return -1;
  }

 private:
  const std::string& where_;
  const Tensor& indices_;
  int axis_;
  int64_t size_, lowest_;
  FirstMistake wrong_;
};

// Each index, for each element of the axes before the one that it is in, brings all of the axes behind that one.
class TakeStep final : public IndexedStep {
 public:
  TakeStep(const std::string& where, const Tensor& x, const Tensor& indices, const Tensor& y, int axis)
      : IndexedStep(where, x, indices, axis, -x.shape.dim[axis]),
        x_(x),
        y_(y),
        axis_stride_(x.stride[axis]),
        outer_x_(x, axis),
        outer_y_(y, axis),
        from_(indices, indices.shape.rank),
        to_(axes_of(y, axis, indices.shape.rank), indices.shape.rank) {
    run_ = item_size(x.type.dtype);
    int inner = x.shape.rank - axis - 1;  // how many axes behind `axis` do not lie in one run of bytes
    const int behind_y = axis + indices.shape.rank;
    for (; inner > 0; --inner) {
      if (x.stride[axis + inner] != run_ || y.stride[behind_y + inner - 1] != run_) break;
      run_ *= x.shape.dim[axis + inner];
    }
    inner_x_ = Rows(axes_of(x, axis + 1, inner), inner);
    inner_y_ = Rows(axes_of(y, behind_y, inner), inner);
  }

  void run(int thread, int threads) noexcept override {
    const Range range = share(outer_x_.count() * from_.count(), thread, threads);
    for (int64_t i = range.first; i < range.last; ++i) {
      const int64_t outer = i / from_.count(), position = i % from_.count();
      const int64_t index = read(from_.offset(position), position);
      if (index < 0) continue;
      const uint8_t* x = x_.data + outer_x_.offset(outer) + index * axis_stride_;
      uint8_t* y = y_.data + outer_y_.offset(outer) + to_.offset(position);
      for (int64_t row = 0; row < inner_x_.count(); ++row)
        copy_item(y + inner_y_.offset(row), x + inner_x_.offset(row), run_);
    }
  }

 private:
  const Tensor &x_, &y_;
  int64_t axis_stride_, run_;
  Rows outer_x_, outer_y_, from_, to_;
  Rows inner_x_, inner_y_;
};

// Each index brings one element, from its own place along every other axis.
class GatherStep final : public IndexedStep {
 public:
  GatherStep(const std::string& where, const Tensor& x, const Tensor& indices, const Tensor& y, int axis)
      : IndexedStep(where, x, indices, axis, 0),
        x_(x),
        y_(y),
        item_(item_size(x.type.dtype)),
        width_(y.shape.dim[y.shape.rank - 1]),
        axis_stride_(x.stride[axis]),
        from_(indices, indices.shape.rank - 1),
        to_(y, y.shape.rank - 1) {
    Tensor beside = x;  // the elements of x at the indices' places along every axis but this one
    beside.shape = indices.shape;
    beside.stride[axis] = 0;
    const int last = x.shape.rank - 1;
    beside_ = Rows(beside, last);
    x_step_ = beside.stride[last];
    index_step_ = indices.stride[last];
    y_step_ = y.stride[last];
  }

  void run(int thread, int threads) noexcept override {
    const Range range = share(from_.count() * width_, thread, threads);
    for (int64_t i = range.first; i < range.last;) {
      const int64_t row = i / width_, last = std::min(range.last, (row + 1) * width_);
      const int64_t from = from_.offset(row), beside = beside_.offset(row), to = to_.offset(row);
      for (int64_t column = i - row * width_; i < last; ++i, ++column) {
        const int64_t index = read(from + column * index_step_, i);
        if (index < 0) continue;
        const uint8_t* x = x_.data + beside + column * x_step_ + index * axis_stride_;
        copy_item(y_.data + to + column * y_step_, x, item_);
      }
    }
  }

 private:
  const Tensor &x_, &y_;
  int64_t item_, width_, axis_stride_, x_step_ = 0, index_step_ = 0, y_step_ = 0;
  Rows from_, to_, beside_;
};

class Indexed : public Operator {
 public:
  explicit Indexed(const OperatorSpec& spec)
      : name_(spec.name),
        where_("operator '" + spec.name + "' (" + spec.type + "): "),
        axis_(static_cast<int>(spec.int_of("axis"))) {
    require_values(spec, 2);
    require_dtype(spec, spec.inputs[1], spec.inputs[1].dtype == DType::s64, "int64");
    require_dtype(spec, spec.outputs[0], spec.outputs[0].dtype == spec.inputs[0].dtype, "the dtype of the other");
    if (axis_ < 0 || axis_ >= kMaxRank) spec.fail("'axis' is out of range");
  }
  bool aligned() const override { return false; }

 protected:
  void check_axis(const Shape& x) const {
    if (axis_ >= x.rank) shape_error(name_, "axis is " + std::to_string(axis_) + ", the shape " + to_text(x));
  }

  std::string name_, where_;
  int axis_;
};

class Take final : public Indexed {
 public:
  using Indexed::Indexed;
  void check(std::span<const Shape> in, std::span<const Shape> out) const override {
    const Shape &x = in[0], &indices = in[1];
    check_axis(x);
    Shape y = x;
    y.rank = x.rank - 1 + indices.rank;
    if (indices.rank < 1 || y.rank > kMaxRank)
      shape_error(name_, "the indices' shape is " + to_text(indices) + ", that of x " + to_text(x));
    std::copy(indices.dim, indices.dim + indices.rank, y.dim + axis_);
    std::copy(x.dim + axis_ + 1, x.dim + x.rank, y.dim + axis_ + indices.rank);
    require_same(name_, y, out[0]);
  }
  std::unique_ptr<Step> bind(std::span<const Tensor> in, std::span<const Tensor> out) const override {
    return std::make_unique<TakeStep>(where_, in[0], in[1], out[0], axis_);
  }
};

class Gather final : public Indexed {
 public:
  using Indexed::Indexed;
  void check(std::span<const Shape> in, std::span<const Shape> out) const override {
    const Shape &x = in[0], &indices = in[1];
    check_axis(x);
    bool fits = indices.rank == x.rank;
    for (int i = 0; fits && i < x.rank; ++i) fits = i == axis_ || indices.dim[i] <= x.dim[i];
    if (!fits) shape_error(name_, "the indices' shape is " + to_text(indices) + ", that of x " + to_text(x));
    require_same(name_, indices, out[0]);
  }
  std::unique_ptr<Step> bind(std::span<const Tensor> in, std::span<const Tensor> out) const override {
    return std::make_unique<GatherStep>(where_, in[0], in[1], out[0], axis_);
  }
};

}  // namespace

std::unique_ptr<Operator> make_take(const OperatorSpec& spec) { return std::make_unique<Take>(spec); }
std::unique_ptr<Operator> make_gather(const OperatorSpec& spec) { return std::make_unique<Gather>(spec); }

}  // namespace octavo
