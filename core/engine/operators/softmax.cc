// softmax and log_softmax along one axis.
#include "kernels/softmax/softmax.h"

#include "engine/operators/elementwise.h"
#include "engine/operators/registry.h"

namespace octavo {
namespace {

class Softmax final : public Operator {
 public:
  Softmax(const OperatorSpec& spec, SoftmaxKernel kernel)
      : name_(spec.name), kernel_(kernel), axis_(spec.int_of("axis")) {
    require_values(spec, 1);
    for (const ValueType& type : {spec.inputs[0], spec.outputs[0]})
      require_dtype(spec, type, type.dtype == DType::f32, "float32");
  }
  void check(std::span<const Shape> in, std::span<const Shape> out) const override {
    require_same(name_, in[0], out[0]);
    if (axis_ < -in[0].rank || axis_ >= in[0].rank)
      shape_error(name_, "axis is " + std::to_string(axis_) + ", the shape " + to_text(in[0]));
  }
  // The kernels are fast where the axis is contiguous in memory.
  InputNeed input_need(int, std::span<const Shape> in) const override {
    const int axis = axis_of(in[0]);
    if (axis == in[0].rank - 1) return {Order::row_major, {}};
    if (axis == 1 && in[0].rank >= 3) return {Order::channels_last, {}};
    return {};
  }
  std::unique_ptr<Step> bind(std::span<const Tensor> in, std::span<const Tensor> out) const override {
    return make_elementwise_step(Loops(out[0], {&in[0]}, axis_of(in[0].shape)), kernel_);
  }

 private:
  int axis_of(const Shape& shape) const { return static_cast<int>(axis_ < 0 ? axis_ + shape.rank : axis_); }

  std::string name_;
  SoftmaxKernel kernel_;
  int64_t axis_;
};

}  // namespace

std::unique_ptr<Operator> make_softmax(const OperatorSpec& spec) {
  return std::make_unique<Softmax>(spec, kSoftmaxKernels[spec.isa]);
}
std::unique_ptr<Operator> make_log_softmax(const OperatorSpec& spec) {
  return std::make_unique<Softmax>(spec, kLogSoftmaxKernels[spec.isa]);
}

}  // namespace octavo
