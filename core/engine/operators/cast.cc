// cast: int64 as float32.
#include "engine/operators/elementwise.h"
#include "engine/operators/registry.h"
#include "kernels/scalar.h"

namespace octavo {
namespace {

// Plain loops: what is cast are masks and counts, a few for each token.
template <class Convert>
void convert_each(const Block& block, Convert convert) {
  for_each_element(
      block, [&](uint8_t* y, uint8_t* x, uint8_t*) { as_float(y) = convert(*reinterpret_cast<const int64_t*>(x)); });
}

void value(const Block& block) {
  convert_each(block, [](int64_t x) { return static_cast<float>(x); });
}
void not_zero(const Block& block) {
  convert_each(block, [](int64_t x) { return x != 0 ? 1.0f : 0.0f; });
}

using Convert = void (*)(const Block&);

class Cast final : public Operator {
 public:
  explicit Cast(const OperatorSpec& spec) : name_(spec.name) {
    require_values(spec, 1);
    require_dtype(spec, spec.inputs[0], spec.inputs[0].dtype == DType::s64, "int64");
    require_dtype(spec, spec.outputs[0], spec.outputs[0].dtype == DType::f32, "float32");
    convert_ = spec.choice_of<Convert>("function", {{"value", value}, {"not_zero", not_zero}});
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

std::unique_ptr<Operator> make_cast(const OperatorSpec& spec) { return std::make_unique<Cast>(spec); }

}  // namespace octavo
