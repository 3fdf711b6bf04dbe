// Operators that compute nothing from the elements of other values: constant and range.
#include <vector>

#include "engine/copy.h"
#include "engine/operators/elementwise.h"
#include "engine/operators/registry.h"

namespace octavo {
namespace {

class Constant final : public Operator {
 public:
  explicit Constant(const OperatorSpec& spec) : name_(spec.name) {
    require_values(spec, 0);
    require_dtype(spec, spec.outputs[0], spec.outputs[0].dtype == DType::f32, "float32");
    const Array& value = spec.constant("value", DType::f32);
    floats_.assign(value.as<float>(), value.as<float>() + value.shape.elements());
    tensor_.data = reinterpret_cast<uint8_t*>(floats_.data());
    tensor_.shape = value.shape;
    int64_t stride = item_size(DType::f32);
    for (int axis = value.shape.rank - 1; axis >= 0; --axis) {
      tensor_.stride[axis] = stride;
      stride *= value.shape.dim[axis];
    }
  }
  void check(std::span<const Shape>, std::span<const Shape> out) const override {
    require_same(name_, tensor_.shape, out[0]);
  }
  Order output_order() const override { return Order::row_major; }
  bool aligned() const override { return false; }
  std::unique_ptr<Step> bind(std::span<const Tensor>, std::span<const Tensor> out) const override {
    return make_copy(tensor_, out[0]);
  }

 private:
  std::string name_;
  std::vector<float> floats_;
  Tensor tensor_;
};

class RangeStep final : public Step {
 public:
  RangeStep(int64_t start, int64_t step, const Tensor& y) : start_(start), step_(step), y_(y) {}

  void run(int thread, int threads) noexcept override {
    const Range range = share(y_.shape.dim[0], thread, threads);
    for (int64_t i = range.first; i < range.last; ++i)
      *reinterpret_cast<int64_t*>(y_.data + i * y_.stride[0]) = start_ + i * step_;
  }

 private:
  int64_t start_, step_;
  const Tensor& y_;
};

class RangeOf final : public Operator {
 public:
  explicit RangeOf(const OperatorSpec& spec)
      : name_(spec.name), axis_(spec.int_of("axis")), start_(spec.int_of("start")), step_(spec.int_of("step")) {
    require_values(spec, 1);
    require_dtype(spec, spec.outputs[0], spec.outputs[0].dtype == DType::s64, "int64");
    if (axis_ < 0 || axis_ >= kMaxRank) spec.fail("'axis' is out of range");
  }
  void check(std::span<const Shape> in, std::span<const Shape> out) const override {
    if (axis_ >= in[0].rank) shape_error(name_, "the input's shape is " + to_text(in[0]) + ", it has too few axes");
    require_same(name_, Shape{1, {in[0].dim[axis_]}}, out[0]);
  }
  Order output_order() const override { return Order::row_major; }
  bool aligned() const override { return false; }
  std::unique_ptr<Step> bind(std::span<const Tensor>, std::span<const Tensor> out) const override {
    return std::make_unique<RangeStep>(start_, step_, out[0]);
  }

 private:
  std::string name_;
  int64_t axis_, start_, step_;
};

}  // namespace

std::unique_ptr<Operator> make_constant(const OperatorSpec& spec) { return std::make_unique<Constant>(spec); }
std::unique_ptr<Operator> make_range(const OperatorSpec& spec) { return std::make_unique<RangeOf>(spec); }

}  // namespace octavo
