#include "engine/operators/float_conv.h"

#include <algorithm>
#include <vector>

#include "engine/operators/elementwise.h"
#include "kernels/float_conv/float_conv.h"

namespace octavo {
namespace {

constexpr int64_t kBlock = kFloatConvBlock;

// Blocks of up to kBlock output channels, none across two groups: [blocks][kernel, in_channels][kBlock] and the bias.
class PackedWeight {
 public:
  // weight: [out_channels, in_channels, kernel]; `group_size` output channels a group.
  PackedWeight(const float* weight, const float* bias, int64_t out_channels, int64_t in_channels, int64_t kernel,
               int64_t group_size)
      : out_channels_(out_channels),
        group_size_(group_size),
        per_group_((group_size + kBlock - 1) / kBlock),
        block_size_(kernel * in_channels * kBlock) {
    weight_.resize(static_cast<size_t>(blocks() * block_size_));
    bias_.resize(static_cast<size_t>(blocks() * kBlock));
    for (int64_t b = 0; b < blocks(); ++b)
      for (int64_t j = 0; j < channels(b); ++j) {
        const int64_t o = first_channel(b) + j;
        for (int64_t k = 0; k < kernel; ++k)
          for (int64_t i = 0; i < in_channels; ++i)
            weight_[b * block_size_ + (k * in_channels + i) * kBlock + j] = weight[(o * in_channels + i) * kernel + k];
        bias_[b * kBlock + j] = bias[o];
      }
  }

  int64_t blocks() const { return out_channels_ / group_size_ * per_group_; }
  int64_t group(int64_t block) const { return block / per_group_; }
  int64_t first_channel(int64_t block) const { return group(block) * group_size_ + block % per_group_ * kBlock; }
  int64_t channels(int64_t block) const { return std::min(kBlock, group_size_ - block % per_group_ * kBlock); }
  const float* weight(int64_t block) const { return weight_.data() + block * block_size_; }
  const float* bias(int64_t block) const { return bias_.data() + block * kBlock; }

 private:
  int64_t out_channels_, group_size_, per_group_, block_size_;
  std::vector<float> weight_, bias_;
};

struct ConvShape {
  std::vector<int64_t> kernel, stride, dilation, padding;  // of the spatial axes
  int64_t out_channels = 0, in_channels = 0, groups = 1;   // in_channels: of a group
  bool is_depthwise() const { return groups > 1 && in_channels == 1 && out_channels == groups; }
};

class ConvStep final : public Step {
 public:
  ConvStep(const Tensor& x, const Tensor& y, const ConvShape& shape, const PackedWeight& weight,
           FloatConvKernels kernels)
      : x_(x),
        y_(y),
        weight_(weight),
        is_depthwise_(shape.is_depthwise()),
        in_channels_(shape.in_channels),
        kernel_(is_depthwise_ ? kernels.depthwise : kernels.conv) {
    const int spatial = static_cast<int>(shape.kernel.size()), last = 1 + spatial;
    row_.x_pixel = shape.stride[spatial - 1] * x.stride[last];
    row_.y_pixel = y.stride[last];
    row_.tap_column = shape.dilation[spatial - 1] * x.stride[last];
    row_.kernel_columns = shape.kernel[spatial - 1];
    row_.in_channels = in_channels_;
    row_.pixels = y.shape.dim[last];
    origin_ = -shape.padding[2 * (spatial - 1)] * x.stride[last];
    if (spatial == 2) {
      row_.tap_row = shape.dilation[0] * x.stride[2];
      row_.kernel_rows = shape.kernel[0];
      origin_ -= shape.padding[0] * x.stride[2];
      x_row_ = shape.stride[0] * x.stride[2];
      y_row_ = y.stride[2];
      height_ = y.shape.dim[2];
    }
  }

  // Block by block, so that a block's weights stay in the cache for all of its rows.
  void run(int thread, int threads) noexcept override {
    const int64_t rows = y_.shape.dim[0] * height_;
    const Range range = share(weight_.blocks() * rows, thread, threads);
    for (int64_t i = range.first; i < range.last; ++i) {
      const int64_t block = i / rows, image = i % rows / height_, h = i % rows % height_;
      const int64_t first = weight_.first_channel(block);
      const int64_t in_channel = is_depthwise_ ? first : weight_.group(block) * in_channels_;
      FloatConvRow row = row_;
      row.x = x_.data + image * x_.stride[0] + h * x_row_ + origin_ + in_channel * 4;
      row.y = y_.data + image * y_.stride[0] + h * y_row_ + first * 4;
      row.out_channels = weight_.channels(block);
      row.weight = weight_.weight(block);
      row.bias = weight_.bias(block);
      kernel_(row);
    }
  }

 private:
  const Tensor &x_, &y_;
  const PackedWeight& weight_;
  bool is_depthwise_;
  int64_t in_channels_;
  void (*kernel_)(const FloatConvRow&);
  FloatConvRow row_;
  int64_t origin_ = 0, x_row_ = 0, y_row_ = 0, height_ = 1;
};

ConvShape conv_shape(const OperatorSpec& spec) {
  require_values(spec, 1);
  for (const ValueType& type : {spec.inputs[0], spec.outputs[0]})
    require_dtype(spec, type, type.dtype == DType::f32, "float32");
  const Array &weight = spec.constant("weight", DType::f32), &bias = spec.constant("bias", DType::f32);
  if (weight.shape.rank != 3 && weight.shape.rank != 4)
    spec.fail("constant 'weight' has shape " + to_text(weight.shape) + ", expected 3 or 4 axes");
  ConvShape shape{.kernel = {},
                  .stride = spec.ints_of("stride"),
                  .dilation = spec.ints_of("dilation"),
                  .padding = spec.ints_of("padding"),
                  .out_channels = weight.shape.dim[0],
                  .in_channels = weight.shape.dim[1],
                  .groups = spec.int_of("groups")};
  for (int axis = 2; axis < weight.shape.rank; ++axis) shape.kernel.push_back(weight.shape.dim[axis]);
  const size_t spatial = shape.kernel.size();
  if (shape.stride.size() != spatial || shape.dilation.size() != spatial || shape.padding.size() != 2 * spatial)
    spec.fail("'stride', 'dilation' and 'padding' need one entry (padding: two) for each spatial axis of 'weight'");
  if (std::ranges::min(shape.stride) < 1 || std::ranges::min(shape.dilation) < 1 || std::ranges::min(shape.padding) < 0)
    spec.fail("an entry of 'stride', 'dilation' or 'padding' is out of range");
  if (shape.groups < 1 || shape.out_channels % shape.groups != 0)
    spec.fail("'groups' is " + std::to_string(shape.groups) + ", which does not divide the output channels");
  if (weight.shape.elements() < 1) spec.fail("constant 'weight' has no element");
  if (bias.shape.rank != 1 || bias.shape.dim[0] != shape.out_channels)
    spec.fail("constant 'bias' has shape " + to_text(bias.shape) + ", expected one entry an output channel");
  return shape;
}

PackedWeight pack_conv(const OperatorSpec& spec, const ConvShape& shape) {
  int64_t kernel = 1;
  for (const int64_t n : shape.kernel) kernel *= n;
  return PackedWeight(spec.constant("weight", DType::f32).as<float>(), spec.constant("bias", DType::f32).as<float>(),
                      shape.out_channels, shape.in_channels, kernel,
                      shape.is_depthwise() ? shape.out_channels : shape.out_channels / shape.groups);
}

class FloatConv final : public Operator {
 public:
  explicit FloatConv(const OperatorSpec& spec)
      : name_(spec.name),
        shape_(conv_shape(spec)),
        weight_(pack_conv(spec, shape_)),
        kernels_(*kFloatConvKernels[static_cast<int>(spec.isa)]) {}

  void check(std::span<const Shape> in, std::span<const Shape> out) const override {
    const int spatial = static_cast<int>(shape_.kernel.size());
    if (in[0].rank != spatial + 2 || in[0].dim[1] != shape_.in_channels * shape_.groups)
      shape_error(name_, "the input's shape is " + to_text(in[0]) + ", expected " + std::to_string(spatial + 2) +
                             " axes and " + std::to_string(shape_.in_channels * shape_.groups) + " channels");
    Shape expected = in[0];
    expected.dim[1] = shape_.out_channels;
    for (int axis = 0; axis < spatial; ++axis) {
      const int64_t room = in[0].dim[2 + axis] + shape_.padding[2 * axis] + shape_.padding[2 * axis + 1] -
                           shape_.dilation[axis] * (shape_.kernel[axis] - 1) - 1;
      if (room < 0) shape_error(name_, "the input " + to_text(in[0]) + " is smaller than the kernel");
      expected.dim[2 + axis] = room / shape_.stride[axis] + 1;
    }
    if (!(expected == out[0]))
      shape_error(name_, "the output's shape is " + to_text(out[0]) + ", expected " + to_text(expected));
  }

  InputNeed input_need(int, std::span<const Shape>) const override {
    const std::vector<int64_t>& p = shape_.padding;
    if (shape_.kernel.size() == 1) return {.order = Order::channels_last, .halo = {.left = p[0], .right = p[1]}};
    return {.order = Order::channels_last, .halo = {.top = p[0], .bottom = p[1], .left = p[2], .right = p[3]}};
  }
  Order output_order() const override { return Order::channels_last; }

  std::unique_ptr<Step> bind(std::span<const Tensor> in, std::span<const Tensor> out) const override {
    return std::make_unique<ConvStep>(in[0], out[0], shape_, weight_, kernels_);
  }

 private:
  std::string name_;
  ConvShape shape_;
  PackedWeight weight_;
  FloatConvKernels kernels_;
};

// The rows of x are the pixels of a 1x1 convolution.
class LinearStep final : public Step {
 public:
  LinearStep(const Tensor& x, const Tensor& y, const PackedWeight& weight, FloatConvKernels kernels)
      : loops_(y, {&x}, y.shape.rank - 1),
        in_channels_(x.shape.dim[x.shape.rank - 1]),
        weight_(weight),
        kernel_(kernels.conv) {}

  // Few rows: threads share the blocks of output channels. Many: the rows.
  void run(int thread, int threads) noexcept override {
    const bool by_rows = loops_.shareable() >= 8 * threads;
    const Range blocks = by_rows ? Range{0, weight_.blocks()} : share(weight_.blocks(), thread, threads);
    for (int64_t block = blocks.first; block < blocks.last; ++block)
      loops_.visit(by_rows ? thread : 0, by_rows ? threads : 1, [&](const Block& rows) {
        kernel_({.x = rows.data[1],
                 .y = rows.data[0] + weight_.first_channel(block) * 4,
                 .x_pixel = rows.row_stride[1],
                 .y_pixel = rows.row_stride[0],
                 .in_channels = in_channels_,
                 .out_channels = weight_.channels(block),
                 .pixels = rows.rows,
                 .weight = weight_.weight(block),
                 .bias = weight_.bias(block)});
      });
  }

 private:
  Loops loops_;
  int64_t in_channels_;
  const PackedWeight& weight_;
  void (*kernel_)(const FloatConvRow&);
};

class FloatLinear final : public Operator {
 public:
  explicit FloatLinear(const OperatorSpec& spec)
      : name_(spec.name),
        weight_(pack(spec)),
        kernels_(*kFloatConvKernels[static_cast<int>(spec.isa)]),
        out_channels_(spec.constant("weight", DType::f32).shape.dim[0]),
        in_channels_(spec.constant("weight", DType::f32).shape.dim[1]) {}

  void check(std::span<const Shape> in, std::span<const Shape> out) const override {
    if (in[0].rank < 1 || in[0].dim[in[0].rank - 1] != in_channels_)
      shape_error(name_, "the input's shape is " + to_text(in[0]) + ", expected " + std::to_string(in_channels_) +
                             " elements along the last axis");
    Shape expected = in[0];
    expected.dim[in[0].rank - 1] = out_channels_;
    if (!(expected == out[0]))
      shape_error(name_, "the output's shape is " + to_text(out[0]) + ", expected " + to_text(expected));
  }

  InputNeed input_need(int, std::span<const Shape>) const override { return {Order::row_major, {}}; }
  Order output_order() const override { return Order::row_major; }

  std::unique_ptr<Step> bind(std::span<const Tensor> in, std::span<const Tensor> out) const override {
    return std::make_unique<LinearStep>(in[0], out[0], weight_, kernels_);
  }

 private:
  static PackedWeight pack(const OperatorSpec& spec) {
    require_values(spec, 1);
    for (const ValueType& type : {spec.inputs[0], spec.outputs[0]})
      require_dtype(spec, type, type.dtype == DType::f32, "float32");
    const Array &weight = spec.constant("weight", DType::f32), &bias = spec.constant("bias", DType::f32);
    if (weight.shape.rank != 2 || weight.shape.elements() < 1)
      spec.fail("constant 'weight' has shape " + to_text(weight.shape) + ", expected [out, in]");
    const int64_t out_channels = weight.shape.dim[0], in_channels = weight.shape.dim[1];
    if (bias.shape.rank != 1 || bias.shape.dim[0] != out_channels)
      spec.fail("constant 'bias' has shape " + to_text(bias.shape) + ", expected one entry an output");
    return PackedWeight(weight.as<float>(), bias.as<float>(), out_channels, in_channels, 1, out_channels);
  }

  std::string name_;
  PackedWeight weight_;
  FloatConvKernels kernels_;
  int64_t out_channels_, in_channels_;
};

}  // namespace

std::unique_ptr<Operator> make_float_conv(const OperatorSpec& spec) { return std::make_unique<FloatConv>(spec); }
std::unique_ptr<Operator> make_float_linear(const OperatorSpec& spec) { return std::make_unique<FloatLinear>(spec); }

}  // namespace octavo
