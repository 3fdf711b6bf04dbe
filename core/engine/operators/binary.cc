// add and mul, with NumPy's broadcasting.
#include "kernels/binary/binary.h"

#include "engine/operators/elementwise.h"
#include "engine/operators/registry.h"

namespace octavo {
namespace {

class Binary : public Operator {
 public:
  explicit Binary(const OperatorSpec& spec)
      : is_float_(spec.outputs.size() == 1 && spec.outputs[0].dtype == DType::f32),
        kernels_(*kBinaryKernels[static_cast<int>(spec.isa)]),
        name_(spec.name) {
    require_values(spec, 2);
    for (const ValueType& type : {spec.inputs[0], spec.inputs[1], spec.outputs[0]})
      require_dtype(spec, type, is_float_ ? type.dtype == DType::f32 : is_quantized(type.dtype),
                    is_float_ ? "float32" : "uint8 or int8");
    if (is_float_ && (spec.ints.contains("clamp_min") || spec.ints.contains("clamp_max")))
      spec.fail("the float32 form takes no clamp_min or clamp_max");
  }

  void check(std::span<const Shape> in, std::span<const Shape> out) const override {
    const Shape &a = in[0], &b = in[1];
    Shape shape;
    shape.rank = std::max(a.rank, b.rank);
    for (int axis = 0; axis < shape.rank; ++axis) {
      const int own_a = axis - (shape.rank - a.rank), own_b = axis - (shape.rank - b.rank);
      const int64_t n_a = own_a < 0 ? 1 : a.dim[own_a], n_b = own_b < 0 ? 1 : b.dim[own_b];
      if (n_a != n_b && n_a != 1 && n_b != 1)
        shape_error(name_, "shapes " + to_text(a) + " and " + to_text(b) + " do not broadcast");
      shape.dim[axis] = n_a == 1 ? n_b : n_a;
    }
    if (!(shape == out[0]))
      shape_error(name_, "the output's shape is " + to_text(out[0]) + ", expected " + to_text(shape));
  }

  bool in_place(int) const override { return true; }

 protected:
  bool is_float_;
  BinaryKernels kernels_;

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
    const Loops loops(out[0], {&in[0], &in[1]});
    if (is_float_) return make_elementwise_step(loops, kernels_.add_float);
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
    const Loops loops(out[0], {&in[0], &in[1]});
    if (is_float_) return make_elementwise_step(loops, kernels_.mul_float);
    return make_elementwise_step(loops, [mul = kernels_.mul, p = params_](const Block& block) { mul(p, block); });
  }

 private:
  MulParams params_;
};

}  // namespace

std::unique_ptr<Operator> make_add(const OperatorSpec& spec) { return std::make_unique<Add>(spec); }
std::unique_ptr<Operator> make_mul(const OperatorSpec& spec) { return std::make_unique<Mul>(spec); }

}  // namespace octavo
