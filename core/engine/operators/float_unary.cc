// clamp and unary: functions of one float32 tensor.
#include "kernels/float_unary/float_unary.h"

#include <limits>

#include "engine/operators/elementwise.h"
#include "engine/operators/registry.h"

namespace octavo {
namespace {

constexpr struct {
  const char* name;
  FloatFunction function;
} kFunctions[] = {
    {"relu", FloatFunction::relu},
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
};

FloatFunction function_of(const OperatorSpec& spec) {
  const auto found = spec.strings.find("function");
  if (found == spec.strings.end()) spec.fail("attribute 'function' is missing");
  for (const auto& row : kFunctions)
    if (found->second == row.name) return row.function;
  spec.fail("attribute 'function' is '" + found->second + "', which this engine does not know");
}

class FloatUnary final : public Operator {
 public:
  FloatUnary(const OperatorSpec& spec, FloatFunction function)
      : name_(spec.name), kernel_(kFloatUnaryKernels[static_cast<int>(spec.isa)]), function_(function) {
    require_values(spec, 1);
    for (const ValueType& type : {spec.inputs[0], spec.outputs[0]})
      require_dtype(spec, type, type.dtype == DType::f32, "float32");
    if (function != FloatFunction::clamp) return;
    if (const auto low = spec.floats.find("min"); low != spec.floats.end()) low_ = static_cast<float>(low->second);
    if (const auto high = spec.floats.find("max"); high != spec.floats.end()) high_ = static_cast<float>(high->second);
    if (low_ != low_ || high_ != high_) spec.fail("attribute 'min' or 'max' is NaN, expected a number or null");
  }
  void check(std::span<const Shape> in, std::span<const Shape> out) const override {
    require_same(name_, in[0], out[0]);
  }
  bool in_place(int) const override { return true; }
  std::unique_ptr<Step> bind(std::span<const Tensor> in, std::span<const Tensor> out) const override {
    return make_elementwise_step(Loops(out[0], {&in[0]}),
                                 [kernel = kernel_, function = function_, low = low_,
                                  high = high_](const Block& block) { kernel(function, low, high, block); });
  }

 private:
  std::string name_;
  FloatUnaryKernel kernel_;
  FloatFunction function_;
  float low_ = -std::numeric_limits<float>::infinity();
  float high_ = std::numeric_limits<float>::infinity();
};

}  // namespace

std::unique_ptr<Operator> make_clamp(const OperatorSpec& spec) {
  return std::make_unique<FloatUnary>(spec, FloatFunction::clamp);
}

std::unique_ptr<Operator> make_unary(const OperatorSpec& spec) {
  return std::make_unique<FloatUnary>(spec, function_of(spec));
}

}  // namespace octavo
