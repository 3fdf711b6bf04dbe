// clamp, unary, elu and softplus: functions of one float32 tensor.
#include "kernels/float_unary/float_unary.h"

#include <limits>

#include "engine/operators/elementwise.h"
#include "engine/operators/registry.h"

namespace octavo {
namespace {

FloatFunction function_of(const OperatorSpec& spec) {
  return spec.choice_of<FloatFunction>("function", {{"relu", FloatFunction::relu},
                                                    {"sigmoid", FloatFunction::sigmoid},
                                                    {"tanh", FloatFunction::tanh},
                                                    {"exp", FloatFunction::exp},
                                                    {"silu", FloatFunction::silu},
                                                    {"gelu", FloatFunction::gelu},
                                                    {"hardswish", FloatFunction::hardswish},
                                                    {"hardsigmoid", FloatFunction::hardsigmoid},
                                                    {"erf", FloatFunction::erf},
                                                    {"log", FloatFunction::log},
                                                    {"sqrt", FloatFunction::sqrt},
                                                    {"neg", FloatFunction::neg},
                                                    {"abs", FloatFunction::abs},
                                                    {"reciprocal", FloatFunction::reciprocal},
                                                    {"gelu_tanh", FloatFunction::gelu_tanh},
                                                    {"mish", FloatFunction::mish},
                                                    {"log_sigmoid", FloatFunction::log_sigmoid},
                                                    {"rsqrt", FloatFunction::rsqrt},
                                                    {"sin", FloatFunction::sin},
                                                    {"cos", FloatFunction::cos}});
}

class FloatUnary final : public Operator {
 public:
  FloatUnary(const OperatorSpec& spec, FloatFunction function, std::initializer_list<float> parameters)
      : name_(spec.name), kernel_(kFloatUnaryKernels[spec.isa]), function_(function) {
    std::copy(parameters.begin(), parameters.end(), parameters_.p);
    require_values(spec, 1);
    for (const ValueType& type : {spec.inputs[0], spec.outputs[0]})
      require_dtype(spec, type, type.dtype == DType::f32, "float32");
  }
  void check(std::span<const Shape> in, std::span<const Shape> out) const override {
    require_same(name_, in[0], out[0]);
  }
  bool in_place(int) const override { return true; }
  std::unique_ptr<Step> bind(std::span<const Tensor> in, std::span<const Tensor> out) const override {
    return make_elementwise_step(Loops(out[0], {&in[0]}),
                                 [kernel = kernel_, function = function_, parameters = parameters_](
                                     const Block& block) { kernel(function, parameters, block); });
  }

 private:
  std::string name_;
  FloatUnaryKernel kernel_;
  FloatFunction function_;
  FloatParameters parameters_ = {};
};

constexpr float kInfinity = std::numeric_limits<float>::infinity();

}  // namespace

std::unique_ptr<Operator> make_clamp(const OperatorSpec& spec) {
  const float low = spec.floats.contains("min") ? spec.float_of("min") : -kInfinity;
  const float high = spec.floats.contains("max") ? spec.float_of("max") : kInfinity;
  return std::make_unique<FloatUnary>(spec, FloatFunction::clamp, std::initializer_list<float>{low, high});
}

std::unique_ptr<Operator> make_unary(const OperatorSpec& spec) {
  return std::make_unique<FloatUnary>(spec, function_of(spec), std::initializer_list<float>{});
}

std::unique_ptr<Operator> make_elu(const OperatorSpec& spec) {
  const std::initializer_list<float> parameters = {spec.float_of("alpha"), spec.float_of("scale"),
                                                   spec.float_of("input_scale")};
  return std::make_unique<FloatUnary>(spec, FloatFunction::elu, parameters);
}

std::unique_ptr<Operator> make_softplus(const OperatorSpec& spec) {
  const std::initializer_list<float> parameters = {spec.float_of("beta"), spec.float_of("threshold")};
  return std::make_unique<FloatUnary>(spec, FloatFunction::softplus, parameters);
}

}  // namespace octavo
