// truncate: float32 as int64, rounded toward 0.
#include "engine/operators/elementwise.h"
#include "engine/operators/registry.h"
#include "kernels/scalar.h"

namespace octavo {
namespace {

// Beyond it either way a number becomes this one.
constexpr float kMost = 1073741824.0f;

// A plain loop: what is truncated are positions, one for each token.
void truncate(const Block& block) {
  for_each_element(block, [](uint8_t* y, uint8_t* x, uint8_t*) {
    const float value = as_float(x);
    const float held = value < -kMost ? -kMost : (value > kMost ? kMost : value);
    *reinterpret_cast<int64_t*>(y) = value == value ? static_cast<int64_t>(held) : 0;
  });
}

class Truncate final : public Operator {
 public:
  explicit Truncate(const OperatorSpec& spec) : name_(spec.name) {
    require_values(spec, 1);
    require_dtype(spec, spec.inputs[0], spec.inputs[0].dtype == DType::f32, "float32");
    require_dtype(spec, spec.outputs[0], spec.outputs[0].dtype == DType::s64, "int64");
  }
  void check(std::span<const Shape> in, std::span<const Shape> out) const override {
    require_same(name_, in[0], out[0]);
  }
  std::unique_ptr<Step> bind(std::span<const Tensor> in, std::span<const Tensor> out) const override {
    return make_elementwise_step(Loops(out[0], {&in[0]}), truncate);
  }

 private:
  std::string name_;
};

}  // namespace

std::unique_ptr<Operator> make_truncate(const OperatorSpec& spec) { return std::make_unique<Truncate>(spec); }

}  // namespace octavo
