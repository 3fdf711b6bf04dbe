#include "engine/operators/float_conv.h"

#include <algorithm>
#include <vector>

#include "engine/layout.h"
#include "engine/operators/conv_window.h"
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

class ConvStep final : public Step {
 public:
  ConvStep(const Tensor& x, const Tensor& y, const ConvWindow& window, const PackedWeight& weight,
           FloatConvKernels kernels)
      : x_(x),
        y_(y),
        window_(window),
        weight_(weight),
        kernel_(window.is_depthwise() ? kernels.depthwise : kernels.conv),
        taps_(window.taps_in(x)) {
    row_.x_pixel = window.axis[2].stride * spatial_stride(x, 2);
    row_.y_pixel = spatial_stride(y, 2);
    row_.tap = taps_.data();
    row_.taps = window.taps();
    row_.in_channels = window.in_channels;
    row_.pixels = spatial_size(y.shape, 2);
    origin_ = window.origin(x);
  }

  // Block by block, so that a block's weights stay in the cache for all of its rows.
  void run(int thread, int threads) noexcept override {
    const int64_t planes = spatial_size(y_.shape, 0), height = spatial_size(y_.shape, 1);
    const int64_t rows = y_.shape.dim[0] * planes * height;
    const Range range = share(weight_.blocks() * rows, thread, threads);
    for (int64_t i = range.first; i < range.last; ++i) {
      const int64_t block = i / rows, h = i % height, d = i / height % planes, image = i % rows / (planes * height);
      const int64_t first = weight_.first_channel(block);
      const int64_t in_channel = window_.is_depthwise() ? first : weight_.group(block) * window_.in_channels;
      FloatConvRow row = row_;
      row.x = x_.data + image * x_.stride[0] + d * window_.axis[0].stride * spatial_stride(x_, 0) +
              h * window_.axis[1].stride * spatial_stride(x_, 1) + origin_ + in_channel * 4;
      row.y = y_.data + image * y_.stride[0] + d * spatial_stride(y_, 0) + h * spatial_stride(y_, 1) + first * 4;
      row.out_channels = weight_.channels(block);
      row.weight = weight_.weight(block);
      row.bias = weight_.bias(block);
      kernel_(row);
    }
  }

 private:
  const Tensor &x_, &y_;
  const ConvWindow& window_;
  const PackedWeight& weight_;
  void (*kernel_)(const FloatConvRow&);
  std::vector<int64_t> taps_;
  FloatConvRow row_;
  int64_t origin_ = 0;
};

ConvWindow read_window(const OperatorSpec& spec) {
  require_values(spec, 1);
  for (const ValueType& type : {spec.inputs[0], spec.outputs[0]})
    require_dtype(spec, type, type.dtype == DType::f32, "float32");
  ConvWindow window(spec, spec.constant("weight", DType::f32).shape);
  const Array& bias = spec.constant("bias", DType::f32);
  if (bias.shape.rank != 1 || bias.shape.dim[0] != window.out_channels)
    spec.fail("constant 'bias' has shape " + to_text(bias.shape) + ", expected one entry an output channel");
  return window;
}

PackedWeight pack_conv(const OperatorSpec& spec, const ConvWindow& window) {
  return PackedWeight(spec.constant("weight", DType::f32).as<float>(), spec.constant("bias", DType::f32).as<float>(),
                      window.out_channels, window.in_channels, window.taps(),
                      window.is_depthwise() ? window.out_channels : window.out_channels / window.groups);
}

class FloatConv final : public Operator {
 public:
  explicit FloatConv(const OperatorSpec& spec)
      : name_(spec.name),
        window_(read_window(spec)),
        weight_(pack_conv(spec, window_)),
        kernels_(*kFloatConvKernels[spec.isa]) {}

  void check(std::span<const Shape> in, std::span<const Shape> out) const override {
    const Shape expected = window_.output(in[0], name_);
    if (!(expected == out[0]))
      shape_error(name_, "the output's shape is " + to_text(out[0]) + ", expected " + to_text(expected));
  }

  InputNeed input_need(int, std::span<const Shape>) const override { return {Order::channels_last, window_.halo()}; }
  Order output_order() const override { return Order::channels_last; }

  std::unique_ptr<Step> bind(std::span<const Tensor> in, std::span<const Tensor> out) const override {
    return std::make_unique<ConvStep>(in[0], out[0], window_, weight_, kernels_);
  }

 private:
  std::string name_;
  ConvWindow window_;
  PackedWeight weight_;
  FloatConvKernels kernels_;
};

constexpr int64_t kOnlyTap = 0;

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
                 .tap = &kOnlyTap,
                 .taps = 1,
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
        kernels_(*kFloatConvKernels[spec.isa]),
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
