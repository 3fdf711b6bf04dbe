// Operators that only say where a value lies: reshape, permute, slice and concat.
#include <stdexcept>

#include "engine/copy.h"
#include "engine/operators/registry.h"

namespace octavo {
namespace {

[[noreturn]] void shape_error(const std::string& name) {
  throw std::invalid_argument("operator '" + name + "': the shapes of its values do not fit its attributes");
}

class Reshape final : public Operator {
 public:
  explicit Reshape(const OperatorSpec& spec) : name_(spec.name) {}
  void check(std::span<const Shape> in, std::span<const Shape> out) const override {
    if (in[0].elements() != out[0].elements()) shape_error(name_);
  }
  bool is_view() const override { return true; }
  std::optional<View> view(const Tensor& input, const Shape& output) const override {
    View result;
    if (!view_strides(input, output, result.stride)) return {};
    return result;
  }
  bool aligned() const override { return false; }
  std::unique_ptr<Step> bind(std::span<const Tensor>, std::span<const Tensor>) const override {
    throw std::logic_error("reshape views its input, or a dense copy of it");
  }

 private:
  std::string name_;
};

class Permute final : public Operator {
 public:
  explicit Permute(const OperatorSpec& spec) : name_(spec.name), dims_(spec.ints_of("dims")) {
    if (dims_.size() > kMaxRank) spec.fail("too many axes");
    uint32_t seen = 0;
    for (const int64_t dim : dims_) {
      if (dim < 0 || dim >= static_cast<int64_t>(dims_.size()) || (seen >> dim & 1))
        spec.fail("'dims' is no permutation");
      seen |= 1u << dim;
    }
  }
  void check(std::span<const Shape> in, std::span<const Shape> out) const override {
    const int rank = static_cast<int>(dims_.size());
    if (in[0].rank != rank || out[0].rank != rank) shape_error(name_);
    for (int i = 0; i < rank; ++i)
      if (out[0].dim[i] != in[0].dim[dims_[i]]) shape_error(name_);
  }
  bool is_view() const override { return true; }
  std::optional<View> view(const Tensor& input, const Shape&) const override {
    View result;
    for (size_t i = 0; i < dims_.size(); ++i) result.stride[i] = input.stride[dims_[i]];
    return result;
  }
  bool aligned() const override { return false; }
  std::unique_ptr<Step> bind(std::span<const Tensor>, std::span<const Tensor>) const override {
    throw std::logic_error("permute is always a view");
  }

 private:
  std::string name_;
  std::vector<int64_t> dims_;
};

class Slice final : public Operator {
 public:
  explicit Slice(const OperatorSpec& spec)
      : name_(spec.name),
        axis_(spec.int_of("axis")),
        start_(spec.int_of("start")),
        end_(spec.optional_int("end")),
        step_(spec.int_of("step")) {
    if (axis_ < 0 || axis_ >= kMaxRank || step_ < 1) spec.fail("'axis' or 'step' is out of range");
  }
  void check(std::span<const Shape> in, std::span<const Shape> out) const override {
    if (axis_ >= in[0].rank) shape_error(name_);
    Shape expected = in[0];
    expected.dim[axis_] = (last(in[0]) - first(in[0]) + step_ - 1) / step_;
    if (!(expected == out[0]) || expected.dim[axis_] <= 0) shape_error(name_);
  }
  bool is_view() const override { return true; }
  std::optional<View> view(const Tensor& input, const Shape&) const override {
    View result;
    std::copy(input.stride, input.stride + kMaxRank, result.stride);
    result.offset = first(input.shape) * input.stride[axis_];
    result.stride[axis_] *= step_;
    return result;
  }
  bool keeps_halo() const override { return axis_ <= 1 && step_ == 1; }
  std::unique_ptr<Step> bind(std::span<const Tensor>, std::span<const Tensor>) const override {
    throw std::logic_error("slice is always a view");
  }

 private:
  int64_t clip(int64_t index, int64_t count) const {
    if (index < 0) index += count;
    return index < 0 ? 0 : index > count ? count : index;
  }
  int64_t first(const Shape& in) const { return clip(start_, in.dim[axis_]); }
  int64_t last(const Shape& in) const { return end_ ? clip(*end_, in.dim[axis_]) : in.dim[axis_]; }

  std::string name_;
  int64_t axis_, start_;
  std::optional<int64_t> end_;
  int64_t step_;
};

class Concat final : public Operator {
 public:
  explicit Concat(const OperatorSpec& spec) : name_(spec.name), axis_(static_cast<int>(spec.int_of("axis"))) {
    if (axis_ < 0 || axis_ >= kMaxRank) spec.fail("'axis' is out of range");
    for (const ValueType& input : spec.inputs)
      if (input.dtype != spec.outputs[0].dtype) spec.fail("its inputs have different dtypes");
  }
  void check(std::span<const Shape> in, std::span<const Shape> out) const override {
    int64_t joined = 0;
    for (Shape shape : in) {
      if (axis_ >= shape.rank) shape_error(name_);
      joined += shape.dim[axis_];
      shape.dim[axis_] = out[0].dim[axis_];
      if (!(shape == out[0])) shape_error(name_);
    }
    if (joined != out[0].dim[axis_]) shape_error(name_);
  }
  int joined_axis() const override { return axis_; }
  std::unique_ptr<Step> bind(std::span<const Tensor>, std::span<const Tensor>) const override {
    throw std::logic_error("the planner copies what concat joins");
  }

 private:
  std::string name_;
  int axis_;
};

}  // namespace

std::unique_ptr<Operator> make_reshape(const OperatorSpec& spec) { return std::make_unique<Reshape>(spec); }
std::unique_ptr<Operator> make_permute(const OperatorSpec& spec) { return std::make_unique<Permute>(spec); }
std::unique_ptr<Operator> make_slice(const OperatorSpec& spec) { return std::make_unique<Slice>(spec); }
std::unique_ptr<Operator> make_concat(const OperatorSpec& spec) { return std::make_unique<Concat>(spec); }

}  // namespace octavo
