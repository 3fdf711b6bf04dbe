// quantize and dequantize.
#include "kernels/quantize/quantize.h"

#include "engine/operators/elementwise.h"
#include "engine/operators/registry.h"

namespace octavo {
namespace {

class Quantize final : public Operator {
 public:
  explicit Quantize(const OperatorSpec& spec) : name_(spec.name), kernel_(kQuantizeKernels[spec.isa]->quantize) {
    require_values(spec, 1);
    require_dtype(spec, spec.inputs[0], spec.inputs[0].dtype == DType::f32, "float32");
    require_dtype(spec, spec.outputs[0], is_quantized(spec.outputs[0].dtype), "uint8 or int8");
    inv_ = scale_ratio(1.0, 1.0, spec.outputs[0].scale);
    y_ = requantize_of(spec, spec.outputs[0]);
  }
  void check(std::span<const Shape> in, std::span<const Shape> out) const override {
    require_same(name_, in[0], out[0]);
  }
  std::unique_ptr<Step> bind(std::span<const Tensor> in, std::span<const Tensor> out) const override {
    return make_elementwise_step(Loops(out[0], {&in[0]}), [*this](const Block& block) { kernel_(inv_, y_, block); });
  }

 private:
  std::string name_;
  void (*kernel_)(float, const Requantize&, const Block&);
  float inv_;
  Requantize y_;
};

class Dequantize final : public Operator {
 public:
  explicit Dequantize(const OperatorSpec& spec) : name_(spec.name), kernel_(kQuantizeKernels[spec.isa]->dequantize) {
    require_values(spec, 1);
    require_dtype(spec, spec.inputs[0], is_quantized(spec.inputs[0].dtype), "uint8 or int8");
    require_dtype(spec, spec.outputs[0], spec.outputs[0].dtype == DType::f32, "float32");
    x_ = levels_of(spec.inputs[0]);
    scale_ = spec.inputs[0].scale;
  }
  void check(std::span<const Shape> in, std::span<const Shape> out) const override {
    require_same(name_, in[0], out[0]);
  }
  std::unique_ptr<Step> bind(std::span<const Tensor> in, std::span<const Tensor> out) const override {
    return make_elementwise_step(Loops(out[0], {&in[0]}), [*this](const Block& block) { kernel_(x_, scale_, block); });
  }

 private:
  std::string name_;
  void (*kernel_)(const Levels&, float, const Block&);
  Levels x_;
  float scale_;
};

}  // namespace

std::unique_ptr<Operator> make_quantize(const OperatorSpec& spec) { return std::make_unique<Quantize>(spec); }
std::unique_ptr<Operator> make_dequantize(const OperatorSpec& spec) { return std::make_unique<Dequantize>(spec); }

}  // namespace octavo
