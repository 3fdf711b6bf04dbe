// 8-bit convolution, dense and grouped, over [n, c, h, w] or [n, c, l].
#include <optional>
#include <stdexcept>
#include <string>

#include "engine/operators/conv_step.h"
#include "engine/operators/depthwise.h"
#include "engine/operators/float_conv.h"
#include "engine/operators/registry.h"

namespace octavo {
namespace {

constexpr int64_t kLargestAttribute = 1 << 24;  // of stride, dilation and padding: offsets stay far from 2^63

// One spatial axis. A convolution over [n, c, l] has a first one of size 1.
struct Axis {
  int64_t kernel = 1, stride = 1, dilation = 1, before = 0, after = 0;

  int64_t reach() const { return dilation * (kernel - 1) + 1; }
  int64_t padded(int64_t size) const { return size + before + after; }
};

struct Attributes {
  int rank = 4;
  Axis h, w;
  ConvSizes sizes;

  explicit Attributes(const OperatorSpec& spec) {
    const Shape& weight = spec.constant("weight", DType::s8).shape;
    rank = weight.rank;
    if ((rank != 3 && rank != 4) || weight.elements() <= 0)
      spec.fail("constant 'weight' has " + std::to_string(rank) +
                " axes, expected [oc, ic/groups, kh, kw] or [oc, ic/groups, kl], none of them empty");
    const size_t axes = static_cast<size_t>(rank) - 2;
    const auto stride = read(spec, "stride", axes, 1), dilation = read(spec, "dilation", axes, 1);
    const auto padding = read(spec, "padding", 2 * axes, 0);
    w = {weight.dim[rank - 1], stride[axes - 1], dilation[axes - 1], padding[2 * axes - 2], padding[2 * axes - 1]};
    if (rank == 4) h = {weight.dim[2], stride[0], dilation[0], padding[0], padding[1]};
    sizes = {.oc = weight.dim[0], .ic = weight.dim[1], .kh = h.kernel, .kw = w.kernel, .groups = spec.int_of("groups")};
    if (sizes.groups < 1 || sizes.oc % sizes.groups != 0)
      spec.fail("got groups " + std::to_string(sizes.groups) + ", expected a divisor of the " +
                std::to_string(sizes.oc) + " output channels");
  }

 private:
  static std::vector<int64_t> read(const OperatorSpec& spec, const std::string& key, size_t count, int64_t least) {
    const std::vector<int64_t>& values = spec.ints_of(key);
    bool fits = values.size() == count;
    for (const int64_t value : values) fits = fits && value >= least && value <= kLargestAttribute;
    if (!fits)
      spec.fail("attribute '" + key + "' must have " + std::to_string(count) + " entries from " +
                std::to_string(least) + " to " + std::to_string(kLargestAttribute));
    return values;
  }
};

// Strides of the spatial axes in bytes.
int64_t row_stride(const Tensor& t) { return t.shape.rank == 4 ? t.stride[2] : 0; }
int64_t pixel_stride(const Tensor& t) { return t.stride[t.shape.rank - 1]; }

class Conv : public Operator {
 public:
  explicit Conv(const OperatorSpec& spec)
      : name_(spec.name), inputs_(spec.inputs.size()), at_(spec), layer_(make_conv_layer(spec, at_.sizes)) {
    // Where pixels lie side by side, whole rows of the window are segments. They pack to other bytes than its pixels
    // only if a pixel does not fill its last four bytes, as in a network's first layer.
    if (may_join() && at_.sizes.kw > 1 && at_.sizes.ic % 4 != 0) {
      ConvSizes joined = at_.sizes;
      joined.joined = true;
      joined_layer_ = make_conv_layer(spec, joined);
    }
  }

  void check(std::span<const Shape> inputs, std::span<const Shape> outputs) const override {
    if (inputs.size() != inputs_ || outputs.size() != 1) fail("the number of inputs or outputs is wrong");
    const Shape& x = inputs[0];
    if (x.rank != at_.rank) fail("x has " + std::to_string(x.rank) + " axes, expected " + std::to_string(at_.rank));
    if (x.dim[1] != at_.sizes.ic * at_.sizes.groups)
      fail("x has " + std::to_string(x.dim[1]) + " channels, expected " +
           std::to_string(at_.sizes.ic * at_.sizes.groups));
    Shape y = x;
    y.dim[1] = at_.sizes.oc;
    y.dim[y.rank - 1] = output_size(at_.w, x.dim[x.rank - 1]);
    if (y.rank == 4) y.dim[2] = output_size(at_.h, x.dim[2]);
    if (outputs[0] != y) fail("the output's shape does not follow from x's");
    if (inputs_ == 2 && inputs[1] != y) fail("the residual's shape is not the output's");
  }

  InputNeed input_need(int input, std::span<const Shape> /*inputs*/) const override {
    if (input != 0) return {Order::channels_last, {}};
    return {Order::channels_last, {at_.h.before, at_.h.after, at_.w.before, at_.w.after}};
  }

  Order output_order() const override { return Order::channels_last; }

  bool in_place(int input) const override { return input == 1; }

  std::unique_ptr<Step> bind(std::span<const Tensor> inputs, std::span<const Tensor> outputs) const override {
    const Tensor& x = inputs[0];
    const Tensor& y = outputs[0];
    const Tensor* residual = inputs_ == 2 ? &inputs[1] : nullptr;
    const auto append = [&](PixelGrid& grid, int64_t size, int64_t x_stride, auto&& stride_of) {
      grid.append(size, x_stride, stride_of(y), residual == nullptr ? 0 : stride_of(*residual));
    };
    PixelGrid grid;
    append(grid, y.shape.dim[0], x.stride[0], [](const Tensor& t) { return t.stride[0]; });
    append(grid, y.shape.rank == 4 ? y.shape.dim[2] : 1, at_.h.stride * row_stride(x), row_stride);
    append(grid, y.shape.dim[y.shape.rank - 1], at_.w.stride * pixel_stride(x), pixel_stride);
    const bool joined = may_join() && pixel_stride(x) == at_.sizes.ic;
    const ConvLayer& layer = joined && joined_layer_ ? *joined_layer_ : layer_;
    return std::make_unique<ConvStep>(layer, grid, window(x, layer, joined), &x, residual, &y);
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw std::invalid_argument("operator '" + name_ + "' (conv): " + what);
  }

  bool may_join() const { return at_.sizes.groups == 1 && at_.w.dilation == 1; }

  int64_t output_size(const Axis& axis, int64_t size) const {
    if (axis.padded(size) < axis.reach())
      fail("the kernel reaches over " + std::to_string(axis.reach()) + " elements, the padded input has " +
           std::to_string(axis.padded(size)));
    return (axis.padded(size) - axis.reach()) / axis.stride + 1;
  }

  ConvStep::Window window(const Tensor& x, const ConvLayer& layer, bool joined) const {
    ConvStep::Window window;
    window.origin = -at_.h.before * row_stride(x) - at_.w.before * pixel_stride(x);
    const int64_t columns = joined ? 1 : at_.w.kernel;
    for (int64_t row = 0; row < at_.h.kernel; ++row)
      for (int64_t column = 0; column < columns; ++column)
        window.segments.push_back(row * at_.h.dilation * row_stride(x) + column * at_.w.dilation * pixel_stride(x));
    const auto segments = static_cast<int64_t>(window.segments.size());
    window.steps = layer.packed.segments * layer.packed.steps / segments;
    return window;
  }

  std::string name_;
  size_t inputs_;
  Attributes at_;
  ConvLayer layer_;
  std::optional<ConvLayer> joined_layer_;
};

}  // namespace

std::unique_ptr<Operator> make_conv(const OperatorSpec& spec) {
  if (!spec.inputs.empty() && spec.inputs[0].dtype == DType::f32) return make_float_conv(spec);
  const Attributes at(spec);
  const bool depthwise = at.sizes.groups > 1 && at.sizes.groups == at.sizes.oc && at.sizes.ic == 1;
  if (depthwise) return make_depthwise(spec);
  return std::make_unique<Conv>(spec);
}

}  // namespace octavo
