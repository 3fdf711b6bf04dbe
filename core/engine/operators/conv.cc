// 8-bit convolution, dense and grouped, over [n, c, l], [n, c, h, w] or [n, c, d, h, w].
#include <optional>

#include "engine/layout.h"
#include "engine/operators/conv_algorithm.h"
#include "engine/operators/conv_operator.h"
#include "engine/operators/conv_step.h"
#include "engine/operators/depthwise.h"
#include "engine/operators/float_conv.h"
#include "engine/operators/registry.h"
#include "engine/operators/winograd.h"

namespace octavo {
namespace {

class Conv : public ConvOperator {
 public:
  Conv(const OperatorSpec& spec, bool winograd_possible)
      : ConvOperator(spec), winograd_possible_(winograd_possible), layer_(make_conv_layer(spec, sizes(false))) {
    // Where pixels lie side by side, whole rows of the window are segments. They pack to other bytes than its pixels
    // only if a pixel does not fill its last four bytes, as in a network's first layer.
    if (may_join() && columns().kernel > 1 && window_.in_channels % 4 != 0)
      joined_layer_ = make_conv_layer(spec, sizes(true));
  }

  std::vector<std::string> variants(std::span<const Shape> /*inputs*/, std::span<const Shape> /*outputs*/,
                                    int threads) const override {
    std::vector<std::string> names = ConvWalk::names(static_cast<int64_t>(layer_.packed.panels.size()), threads);
    if (winograd_possible_) names.emplace_back("winograd");
    return names;
  }

  std::unique_ptr<Step> bind(std::span<const Tensor> inputs, std::span<const Tensor> outputs) const override {
    const Tensor &x = inputs[0], &y = outputs[0];
    const Tensor* residual = inputs_ == 2 ? &inputs[1] : nullptr;
    PixelGrid grid;
    grid.append(y.shape.dim[0], x.stride[0], y.stride[0], residual == nullptr ? 0 : residual->stride[0]);
    for (int i = 0; i < kSpatialAxes; ++i)
      grid.append(spatial_size(y.shape, i), window_.axis[i].stride * spatial_stride(x, i), spatial_stride(y, i),
                  residual == nullptr ? 0 : spatial_stride(*residual, i));
    const bool joined = may_join() && spatial_stride(x, kSpatialAxes - 1) == window_.in_channels;
    const ConvLayer& layer = joined && joined_layer_ ? *joined_layer_ : layer_;
    return std::make_unique<ConvStep>(layer, grid, window_in(x, layer, joined), &x, residual, &y);
  }

 private:
  const ConvAxis& columns() const { return window_.axis[kSpatialAxes - 1]; }

  bool may_join() const { return window_.groups == 1 && columns().dilation == 1; }

  ConvSizes sizes(bool joined) const {
    return {.oc = window_.out_channels,
            .ic = window_.in_channels,
            .kh = window_.axis[0].kernel * window_.axis[1].kernel,  // all rows, those of further planes after the first
            .kw = columns().kernel,
            .groups = window_.groups,
            .joined = joined};
  }

  ConvStep::Window window_in(const Tensor& x, const ConvLayer& layer, bool joined) const {
    ConvStep::Window window;
    window.origin = window_.origin(x);
    const std::vector<int64_t> taps = window_.taps_in(x);
    for (size_t i = 0; i < taps.size(); i += joined ? columns().kernel : 1) window.segments.push_back(taps[i]);
    if (!taps.empty()) {
      const auto segments = static_cast<int64_t>(window.segments.size());
      window.steps = layer.packed.segments * layer.packed.steps / segments;
    }
    return window;
  }

  bool winograd_possible_;
  ConvLayer layer_;
  std::optional<ConvLayer> joined_layer_;
};

}  // namespace

std::unique_ptr<Operator> make_conv(const OperatorSpec& spec) {
  if (!spec.inputs.empty() && spec.inputs[0].dtype == DType::f32) return make_float_conv(spec);
  const ConvWindow window(spec, spec.constant("weight", DType::s8).shape);
  const bool winograd_possible = is_winograd_possible(spec, window);
  switch (choose_conv_algorithm(spec, window, winograd_possible)) {
    case ConvAlgorithm::depthwise:
      return make_depthwise(spec);
    case ConvAlgorithm::winograd:
      return make_winograd(spec);
    case ConvAlgorithm::direct:
      break;
  }
  return std::make_unique<Conv>(spec, winograd_possible);
}

}  // namespace octavo
