// cast: int64 as float32; truncate: float32 as int64, rounded toward 0.
#include "engine/operators/elementwise.h"
#include "engine/operators/registry.h"
#include "kernels/scalar.h"

namespace octavo {
namespace {

using Convert = void (*)(const Block&);

// Plain loops: what is converted are masks, counts and positions, a few for each token.
void value(const Block& block) {
  for_each_element(block, [](uint8_t* y, uint8_t* x, uint8_t*) {
    as_float(y) = static_cast<float>(*reinterpret_cast<const int64_t*>(x));
  });
}
void not_zero(const Block& block) {
  for_each_element(block, [](uint8_t* y, uint8_t* x, uint8_t*) {
    as_float(y) = *reinterpret_cast<const int64_t*>(x) != 0 ? 1.0f : 0.0f;
  });
}
void truncate(const Block& block) {
  constexpr float kMost = 1073741824.0f;  // beyond it either way a number becomes this one
  for_each_element(block, [](uint8_t* y, uint8_t* x, uint8_t*) {
    const float value = as_float(x);
    const float held = value < -kMost ? -kMost : (value > kMost ? kMost : value);
    *reinterpret_cast<int64_t*>(y) = value == value ? static_cast<int64_t>(held) : 0;
  });
}

class Cast final : public Operator {
 public:
  Cast(const OperatorSpec& spec, DType from, DType to, Convert convert) : name_(spec.name), convert_(convert) {
    const auto text = [](DType dtype) { return dtype == DType::s64 ? "int64" : "float32"; };
    require_values(spec, 1);
    require_dtype(spec, spec.inputs[0], spec.inputs[0].dtype == from, text(from));
    require_dtype(spec, spec.outputs[0], spec.outputs[0].dtype == to, text(to));
  }
  void check(std::span<const Shape> in, std::span<const Shape> out) const override {
    require_same(name_, in[0], out[0]);
  }
  std::unique_ptr<Step> bind(std::span<const Tensor> in, std::span<const Tensor> out) const override {
    return make_elementwise_step(Loops(out[0], {&in[0]}), convert_);
  }

 private:
  std::string name_;
  Convert convert_;
};

}  // namespace

std::unique_ptr<Operator> make_cast(const OperatorSpec& spec) {
  const auto convert = spec.choice_of<Convert>("function", {{"value", value}, {"not_zero", not_zero}});
  return std::make_unique<Cast>(spec, DType::s64, DType::f32, convert);
}
std::unique_ptr<Operator> make_truncate(const OperatorSpec& spec) {
  return std::make_unique<Cast>(spec, DType::f32, DType::s64, truncate);
}

}  // namespace octavo
