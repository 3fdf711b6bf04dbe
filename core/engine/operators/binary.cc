// add, mul and binary, with NumPy's broadcasting.
#include "kernels/binary/binary.h"

#include "engine/operators/elementwise.h"
#include "engine/operators/registry.h"
#include "kernels/float_binary/float_binary.h"

namespace octavo {
namespace {

class Binary : public Operator {
 public:
  explicit Binary(const OperatorSpec& spec)
      : is_float_(spec.outputs.size() == 1 && spec.outputs[0].dtype == DType::f32),
        kernels_(*kBinaryKernels[spec.isa]),
        combine_(kFloatBinaryKernels[spec.isa]->combine),
        name_(spec.name) {
    require_values(spec, 2);
    for (const ValueType& type : {spec.inputs[0], spec.inputs[1], spec.outputs[0]})
      require_dtype(spec, type, is_float_ ? type.dtype == DType::f32 : is_quantized(type.dtype),
                    is_float_ ? "float32" : "uint8 or int8");
    if (is_float_ && (spec.ints.contains("clamp_min") || spec.ints.contains("clamp_max")))
      spec.fail("the float32 form takes no clamp_min or clamp_max");
  }

  void check(std::span<const Shape> in, std::span<const Shape> out) const override {
    require_broadcast(name_, in, out[0]);
  }

  bool in_place(int) const override { return true; }

 protected:
  std::unique_ptr<Step> bind_float(FloatBinary function, std::span<const Tensor> in, const Tensor& y) const {
    return make_elementwise_step(Loops(y, {&in[0], &in[1]}),
                                 [combine = combine_, function](const Block& block) { combine(function, block); });
  }

  bool is_float_;
  BinaryKernels kernels_;
  void (*combine_)(FloatBinary, const Block&);

 private:
  std::string name_;
};

class Add final : public Binary {
 public:
  explicit Add(const OperatorSpec& spec) : Binary(spec) {
    if (is_float_) return;
    const ValueType &a = spec.inputs[0], &b = spec.inputs[1], &y = spec.outputs[0];
    params_ = {.a = levels_of(a),
               .b = levels_of(b),
               .m_a = scale_ratio(a.scale, 1.0, y.scale),
               .m_b = scale_ratio(b.scale, 1.0, y.scale),
               .y = requantize_of(spec, y)};
  }
  std::unique_ptr<Step> bind(std::span<const Tensor> in, std::span<const Tensor> out) const override {
    if (is_float_) return bind_float(FloatBinary::add, in, out[0]);
    const Loops loops(out[0], {&in[0], &in[1]});
    return make_elementwise_step(loops, [add = kernels_.add, p = params_](const Block& block) { add(p, block); });
  }

 private:
  AddParams params_;
};

class Mul final : public Binary {
 public:
  explicit Mul(const OperatorSpec& spec) : Binary(spec) {
    if (is_float_) return;
    const ValueType &a = spec.inputs[0], &b = spec.inputs[1], &y = spec.outputs[0];
    params_ = {
        .a = levels_of(a), .b = levels_of(b), .m = scale_ratio(a.scale, b.scale, y.scale), .y = requantize_of(spec, y)};
  }
  std::unique_ptr<Step> bind(std::span<const Tensor> in, std::span<const Tensor> out) const override {
    if (is_float_) return bind_float(FloatBinary::mul, in, out[0]);
    const Loops loops(out[0], {&in[0], &in[1]});
    return make_elementwise_step(loops, [mul = kernels_.mul, p = params_](const Block& block) { mul(p, block); });
  }

 private:
  MulParams params_;
};

class Function final : public Binary {
 public:
  explicit Function(const OperatorSpec& spec) : Binary(spec), function_(function_of(spec)) {
    if (!is_float_) spec.fail("a value is of 8 bits, expected float32");
  }
  std::unique_ptr<Step> bind(std::span<const Tensor> in, std::span<const Tensor> out) const override {
    return bind_float(function_, in, out[0]);
  }

 private:
  static FloatBinary function_of(const OperatorSpec& spec) {
    return spec.choice_of<FloatBinary>("function", {{"sub", FloatBinary::sub},
                                                    {"div", FloatBinary::div},
                                                    {"maximum", FloatBinary::maximum},
                                                    {"minimum", FloatBinary::minimum}});
  }

  FloatBinary function_;
};

}  // namespace

std::unique_ptr<Operator> make_binary(const OperatorSpec& spec) { return std::make_unique<Function>(spec); }
std::unique_ptr<Operator> make_add(const OperatorSpec& spec) { return std::make_unique<Add>(spec); }
std::unique_ptr<Operator> make_mul(const OperatorSpec& spec) { return std::make_unique<Mul>(spec); }

}  // namespace octavo
