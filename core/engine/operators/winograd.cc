#include "engine/operators/winograd.h"

#include "engine/operators/conv_layer.h"
#include "engine/operators/conv_operator.h"
#include "engine/operators/winograd_step.h"

namespace octavo {
namespace {

ConvSizes sizes_of(const ConvWindow& window) {
  return {.oc = window.out_channels, .ic = window.in_channels, .kh = 3, .kw = 3};
}

class WinogradConv : public ConvOperator {
 public:
  explicit WinogradConv(const OperatorSpec& spec) : ConvOperator(spec) {
    const ConvNumbers numbers = read_conv_numbers(spec, sizes_of(window_));
    const WinogradKernel* kernel = kWinogradKernels[spec.isa];
    layer_ = {.kernel = kernel,
              .packed = pack_winograd(*kernel, window_.out_channels, window_.in_channels, numbers.constants()),
              .out = numbers.out,
              .x_flip = numbers.x_flip,
              .y_item = numbers.y_item};
  }

  std::vector<std::string> variants(std::span<const Shape> /*inputs*/, std::span<const Shape> /*outputs*/,
                                    int threads) const override {
    std::vector<std::string> names = ConvWalk::names(layer_.packed.panels, threads);
    names.emplace_back("direct");
    return names;
  }

  int64_t own_bytes(std::span<const Shape> inputs) const override {
    return WinogradTiles(window_.output(inputs[0], name_)).bytes(layer_.packed);
  }

  std::unique_ptr<Step> bind(std::span<const Tensor> inputs, std::span<const Tensor> outputs) const override {
    return std::make_unique<WinogradStep>(layer_, window_, &inputs[0], inputs_ == 2 ? &inputs[1] : nullptr,
                                          &outputs[0]);
  }

 private:
  WinogradLayer layer_;
};

}  // namespace

bool is_winograd_possible(const OperatorSpec& spec, const ConvWindow& window) {
  const auto& [planes, rows, columns] = window.axis;
  const auto fits = [](const ConvAxis& axis) { return axis.kernel == 3 && axis.stride == 1 && axis.dilation == 1; };
  if (window.rank != 4 || window.groups != 1 || !fits(rows) || !fits(columns)) return false;
  return is_winograd_exact(read_conv_numbers(spec, sizes_of(window)).constants());
}

std::unique_ptr<Operator> make_winograd(const OperatorSpec& spec) { return std::make_unique<WinogradConv>(spec); }

}  // namespace octavo
