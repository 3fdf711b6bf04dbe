// 8-bit linear layer: a 1 x 1 convolution whose pixels are the rows of x.
#include <stdexcept>
#include <string>

#include "engine/operators/conv_step.h"
#include "engine/operators/float_conv.h"
#include "engine/operators/registry.h"

namespace octavo {
namespace {

ConvSizes sizes_of(const OperatorSpec& spec) {
  const Shape& weight = spec.constant("weight", DType::s8).shape;
  if (weight.rank != 2 || weight.elements() <= 0)
    spec.fail("constant 'weight' has " + std::to_string(weight.rank) + " axes, expected [out, in], none of them empty");
  return {.oc = weight.dim[0], .ic = weight.dim[1]};
}

class Linear : public Operator {
 public:
  explicit Linear(const OperatorSpec& spec)
      : name_(spec.name), inputs_(spec.inputs.size()), sizes_(sizes_of(spec)), layer_(make_conv_layer(spec, sizes_)) {}

  void check(std::span<const Shape> inputs, std::span<const Shape> outputs) const override {
    if (inputs.size() != inputs_ || outputs.size() != 1) fail("the number of inputs or outputs is wrong");
    const Shape& x = inputs[0];
    if (x.rank < 1 || x.dim[x.rank - 1] != sizes_.ic)
      fail("x's last axis has " + std::to_string(x.rank < 1 ? 0 : x.dim[x.rank - 1]) + " elements, expected " +
           std::to_string(sizes_.ic));
    Shape y = x;
    y.dim[y.rank - 1] = sizes_.oc;
    if (outputs[0] != y) fail("the output's shape does not follow from x's");
    if (inputs_ == 2 && inputs[1] != y) fail("the residual's shape is not the output's");
  }

  std::vector<std::string> variants(std::span<const Shape> /*inputs*/, std::span<const Shape> /*outputs*/,
                                    int threads) const override {
    return ConvWalk::names(static_cast<int64_t>(layer_.packed.panels.size()), threads);
  }

  InputNeed input_need(int /*input*/, std::span<const Shape> /*inputs*/) const override {
    return {Order::row_major, {}};
  }

  Order output_order() const override { return Order::row_major; }

  bool in_place(int input) const override { return input == 1; }

  std::unique_ptr<Step> bind(std::span<const Tensor> inputs, std::span<const Tensor> outputs) const override {
    const Tensor& x = inputs[0];
    const Tensor& y = outputs[0];
    const Tensor* residual = inputs_ == 2 ? &inputs[1] : nullptr;
    PixelGrid grid;
    for (int a = 0; a + 1 < x.shape.rank; ++a)
      grid.append(x.shape.dim[a], x.stride[a], y.stride[a], residual == nullptr ? 0 : residual->stride[a]);
    return std::make_unique<ConvStep>(layer_, grid, ConvStep::Window{0, {0}, layer_.packed.steps}, &x, residual, &y);
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw std::invalid_argument("operator '" + name_ + "' (linear): " + what);
  }

  std::string name_;
  size_t inputs_;
  ConvSizes sizes_;
  ConvLayer layer_;
};

}  // namespace

std::unique_ptr<Operator> make_linear(const OperatorSpec& spec) {
  if (!spec.inputs.empty() && spec.inputs[0].dtype == DType::f32) return make_float_linear(spec);
  return std::make_unique<Linear>(spec);
}

}  // namespace octavo
