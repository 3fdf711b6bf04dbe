// reduce: the sum, mean, maximum or minimum along one axis.
#include "kernels/reduce/reduce.h"

#include "engine/operators/elementwise.h"
#include "engine/operators/registry.h"

namespace octavo {
namespace {

ReduceFunction function_of(const OperatorSpec& spec) {
  return spec.choice_of<ReduceFunction>("function", {{"sum", ReduceFunction::sum},
                                                     {"mean", ReduceFunction::mean},
                                                     {"max", ReduceFunction::max},
                                                     {"min", ReduceFunction::min}});
}

class ReduceStep final : public Step {
 public:
  ReduceStep(ReduceKernel kernel, ReduceFunction function, const Tensor& x, const Tensor& y, int axis, bool keepdim)
      : kernel_(kernel), function_(function), loops_(repeated(x, y, axis, keepdim), {&x}, axis) {
    loops_.read_from(0, y);
  }

  void run(int thread, int threads) noexcept override {
    loops_.visit(thread, threads, [&](const Block& block) { kernel_(function_, block); });
  }

 private:
  // y with the shape of x: along the axis its one element again and again.
  static Tensor repeated(const Tensor& x, const Tensor& y, int axis, bool keepdim) {
    Tensor result = y;
    result.shape = x.shape;
    for (int i = 0; i < x.shape.rank; ++i) result.stride[i] = i == axis ? 0 : y.stride[keepdim || i < axis ? i : i - 1];
    return result;
  }

  ReduceKernel kernel_;
  ReduceFunction function_;
  Loops loops_;
};

class Reduce final : public Operator {
 public:
  explicit Reduce(const OperatorSpec& spec)
      : name_(spec.name),
        kernel_(kReduceKernels[spec.isa]),
        function_(function_of(spec)),
        axis_(spec.int_of("axis")),
        keepdim_(spec.int_of("keepdim") != 0) {
    require_values(spec, 1);
    for (const ValueType& type : {spec.inputs[0], spec.outputs[0]})
      require_dtype(spec, type, type.dtype == DType::f32, "float32");
  }
  void check(std::span<const Shape> in, std::span<const Shape> out) const override {
    const Shape& x = in[0];
    if (axis_ < 0 || axis_ >= x.rank)
      shape_error(name_, "axis is " + std::to_string(axis_) + ", the shape " + to_text(x));
    Shape y;
    for (int i = 0; i < x.rank; ++i)
      if (i != axis_ || keepdim_) y.dim[y.rank++] = i == axis_ ? 1 : x.dim[i];
    if (!(y == out[0])) shape_error(name_, "the output's shape is " + to_text(out[0]) + ", expected " + to_text(y));
  }
  bool aligned() const override { return keepdim_; }
  std::unique_ptr<Step> bind(std::span<const Tensor> in, std::span<const Tensor> out) const override {
    return std::make_unique<ReduceStep>(kernel_, function_, in[0], out[0], static_cast<int>(axis_), keepdim_);
  }

 private:
  std::string name_;
  ReduceKernel kernel_;
  ReduceFunction function_;
  int64_t axis_;
  bool keepdim_;
};

}  // namespace

std::unique_ptr<Operator> make_reduce(const OperatorSpec& spec) { return std::make_unique<Reduce>(spec); }

}  // namespace octavo
