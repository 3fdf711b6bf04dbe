#include "engine/operators/depthwise.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "kernels/depthwise/pack.h"
#include "kernels/depthwise/table.h"

namespace octavo {
namespace {

constexpr int64_t kLargestAttribute = 1 << 24;  // of stride, dilation and padding: offsets stay far from 2^63

constexpr uint8_t flip_of(DType dtype) { return dtype == DType::s8 ? 0x80 : 0; }

// The attributes of a convolution over rows and columns; one over a length has a single row.
struct Window {
  int64_t height = 1, width = 1, row_stride = 1, column_stride = 1, row_dilation = 1, column_dilation = 1;
  Halo padding;

  int64_t output_height(int64_t height_in) const {
    return (height_in + padding.top + padding.bottom - row_dilation * (height - 1) - 1) / row_stride + 1;
  }
  int64_t output_width(int64_t width_in) const {
    return (width_in + padding.left + padding.right - column_dilation * (width - 1) - 1) / column_stride + 1;
  }
};

// A tensor of shape [n, c, h, w] or [n, c, l] in channels_last order, as rows and columns of pixels.
struct Image {
  const Tensor* tensor;
  int64_t batch, row, column;  // strides in bytes

  explicit Image(const Tensor& of)
      : tensor(&of),
        batch(of.stride[0]),
        row(of.shape.rank == 4 ? of.stride[2] : 0),
        column(of.stride[of.shape.rank - 1]) {}
};

int64_t height_of(const Shape& shape) { return shape.rank == 4 ? shape.dim[2] : 1; }
int64_t width_of(const Shape& shape) { return shape.dim[shape.rank - 1]; }

// Everything that does not depend on where tensors lie.
struct Layer {
  const DepthwiseKernel* kernel = nullptr;
  Window window;
  PackedDepthwise packed;
  DepthwiseEpilogue epilogue = {};
  DType x_dtype = DType::u8;
  int32_t x_zero_point = 0;
  int64_t y_item = 1;
};

class DepthwiseStep : public Step {
 public:
  DepthwiseStep(const Layer& layer, std::span<const Tensor> inputs, const Tensor& output)
      : layer_(layer),
        x_(inputs[0]),
        y_(output),
        residual_(inputs[inputs.size() - 1]),
        has_residual_(inputs.size() == 2) {
    const Window& window = layer.window;
    for (int64_t row = 0; row < window.height; ++row)
      for (int64_t column = 0; column < window.width; ++column)
        taps_.push_back(row * window.row_dilation * x_.row + column * window.column_dilation * x_.column);
    while (taps_.size() % 4 != 0) taps_.push_back(taps_.back());
    for (const DepthwiseBlock& block : layer.packed.blocks) total_cost_ += cost(block);
    total_cost_ *= output.shape.dim[0] * height_of(output.shape);
  }

  // Threads share panels of rows of blocks of channels, by what they cost. A row belongs to the thread within whose
  // share its cost begins, so the result does not depend on how many threads there are.
  void run(int thread, int threads) noexcept override {
    const Range mine = share(total_cost_, thread, threads);
    const int64_t height = height_of(y_.tensor->shape);
    int64_t at = 0;
    for (int64_t n = 0; n < y_.tensor->shape.dim[0]; ++n)
      for (int64_t top = 0; top < height; top += kPanelRows) {
        const int64_t rows = std::min(kPanelRows, height - top);
        for (const DepthwiseBlock& block : layer_.packed.blocks) {
          const Range part = rows_within(mine, at, rows, cost(block));
          if (part.first < part.last) run_block(n, block, top + part.first, part.last - part.first);
          at += rows * cost(block);
        }
      }
  }

 private:
  static constexpr int64_t kPanelRows = 16;  // so that a panel of every block still lies in the cache

  static int64_t cost(const DepthwiseBlock& block) { return std::max(block.width, 32); }

  static Range rows_within(Range mine, int64_t at, int64_t rows, int64_t row_cost) {
    const auto first_row_from = [&](int64_t place) {
      return std::clamp<int64_t>((place - at + row_cost - 1) / row_cost, 0, rows);
    };
    return {mine.first <= at ? 0 : first_row_from(mine.first), mine.last <= at ? 0 : first_row_from(mine.last)};
  }

  void run_block(int64_t n, const DepthwiseBlock& block, int64_t first_row, int64_t rows) const {
    const Window& window = layer_.window;
    DepthwiseArgs args = {};
    args.x_row = window.row_stride * x_.row;
    args.x_column = window.column_stride * x_.column;
    args.x = x_.tensor->data + n * x_.batch + first_row * args.x_row - window.padding.top * x_.row -
             window.padding.left * x_.column + block.first;
    args.tap = taps_.data();
    args.taps = static_cast<int>(window.height * window.width);
    args.tap_groups = layer_.packed.tap_groups;
    args.x_flip = flip_of(layer_.x_dtype);
    args.x_zero_point = layer_.x_zero_point;
    args.y = y_.tensor->data + n * y_.batch + first_row * y_.row + block.first * layer_.y_item;
    args.y_row = y_.row;
    args.y_column = y_.column;
    if (has_residual_) {
      args.residual = residual_.tensor->data + n * residual_.batch + first_row * residual_.row + block.first;
      args.residual_row = residual_.row;
      args.residual_column = residual_.column;
    }
    args.rows = rows;
    args.columns = width_of(y_.tensor->shape);
    args.channels = block.channels;
    args.width = block.width;
    args.packed = layer_.packed.lines[block.at].byte;
    args.epilogue = &layer_.epilogue;
    layer_.kernel->run(args);
  }

  const Layer& layer_;
  Image x_, y_, residual_;
  bool has_residual_;
  std::vector<int64_t> taps_;
  int64_t total_cost_ = 0;
};

class Depthwise : public Operator {
 public:
  explicit Depthwise(const OperatorSpec& spec) : name_(spec.name), residual_(spec.inputs.size() == 2) {
    check_types(spec);
    read_window(spec);
    read_epilogue(spec);
    choose_and_pack(spec);
  }

  void check(std::span<const Shape> inputs, std::span<const Shape> outputs) const override {
    if (inputs.size() != (residual_ ? 2u : 1u) || outputs.size() != 1)
      fail("has the wrong number of inputs or outputs");
    const Shape& x = inputs[0];
    if (x.rank != rank_ || x.dim[1] != channels_)
      fail("the input's rank or number of channels does not fit the weight");
    Shape y = x;
    if (rank_ == 4) y.dim[2] = layer_.window.output_height(x.dim[2]);
    y.dim[rank_ - 1] = layer_.window.output_width(x.dim[rank_ - 1]);
    if (height_of(x) + layer_.window.padding.top + layer_.window.padding.bottom <
            layer_.window.row_dilation * (layer_.window.height - 1) + 1 ||
        width_of(x) + layer_.window.padding.left + layer_.window.padding.right <
            layer_.window.column_dilation * (layer_.window.width - 1) + 1)
      fail("the kernel is larger than the padded input");
    if (outputs[0] != y) fail("the output's shape does not follow from the input's");
    if (residual_ && inputs[1] != y) fail("the residual does not have the output's shape");
  }

  InputNeed input_need(int input, std::span<const Shape> /*inputs*/) const override {
    return {Order::channels_last, input == 0 ? layer_.window.padding : Halo{}};
  }

  Order output_order() const override { return Order::channels_last; }

  bool in_place(int input) const override { return input == 1; }

  std::unique_ptr<Step> bind(std::span<const Tensor> inputs, std::span<const Tensor> outputs) const override {
    return std::make_unique<DepthwiseStep>(layer_, inputs, outputs[0]);
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw std::invalid_argument("operator '" + name_ + "' (depthwise conv): " + what);
  }

  void check_types(const OperatorSpec& spec) const {
    if (spec.inputs.empty() || spec.inputs.size() > 2 || spec.outputs.size() != 1)
      spec.fail("a depthwise convolution has one or two inputs and one output");
    for (const ValueType& input : spec.inputs)
      if (!is_quantized(input.dtype)) spec.fail("the inputs of an 8-bit depthwise convolution must be uint8 or int8");
    const DType dtype = spec.outputs[0].dtype;
    if (!is_quantized(dtype) && dtype != DType::f32) spec.fail("the output must be uint8, int8 or float32");
    if (dtype == DType::f32 && residual_) spec.fail("a float32 output takes no residual");
  }

  void read_window(const OperatorSpec& spec) {
    const Shape& weight = spec.constant("weight", DType::s8).shape;
    rank_ = weight.rank;
    channels_ = weight.dim[0];
    if ((rank_ != 3 && rank_ != 4) || weight.dim[1] != 1 || weight.elements() <= 0)
      spec.fail(
          "weight must have the shape [channels, 1, kernel height, kernel width] or [channels, 1, kernel length]");
    if (spec.int_of("groups") != channels_) spec.fail("groups must be the number of channels of a depthwise weight");
    const size_t axes = rank_ - 2;
    const auto list = [&](const char* key, size_t entries, int64_t least) {
      const std::vector<int64_t>& values = spec.ints_of(key);
      const auto fits = [&](int64_t value) { return value >= least && value <= kLargestAttribute; };
      if (values.size() != entries || !std::all_of(values.begin(), values.end(), fits))
        spec.fail(std::string("attribute '") + key + "' must have " + std::to_string(entries) + " entries from " +
                  std::to_string(least) + " to " + std::to_string(kLargestAttribute));
      return values;
    };
    const auto stride = list("stride", axes, 1), dilation = list("dilation", axes, 1);
    const auto padding = list("padding", 2 * axes, 0);
    Window& window = layer_.window;
    window.width = weight.dim[rank_ - 1];
    window.column_stride = stride.back();
    window.column_dilation = dilation.back();
    window.padding.left = padding[padding.size() - 2];
    window.padding.right = padding.back();
    if (rank_ == 3) return;
    window.height = weight.dim[2];
    window.row_stride = stride[0];
    window.row_dilation = dilation[0];
    window.padding.top = padding[0];
    window.padding.bottom = padding[1];
  }

  void read_epilogue(const OperatorSpec& spec) {
    const ValueType& x = spec.inputs[0];
    const ValueType& y = spec.outputs[0];
    layer_.x_dtype = x.dtype;
    layer_.x_zero_point = x.zero_point;
    layer_.y_item = item_size(y.dtype);
    DepthwiseEpilogue& epilogue = layer_.epilogue;
    if (y.dtype == DType::f32) {
      epilogue.to_float = true;
      return;
    }
    const int64_t least = quant_min(y.dtype), most = quant_max(y.dtype);
    const int64_t clamp_min = spec.optional_int("clamp_min").value_or(least);
    const int64_t clamp_max = spec.optional_int("clamp_max").value_or(most);
    if (clamp_min < least || clamp_max > most || clamp_min > clamp_max)
      spec.fail("clamp_min and clamp_max must lie in the output's range, clamp_min not above clamp_max");
    epilogue.zero_point = y.zero_point;
    epilogue.clamp_low = static_cast<float>(clamp_min - y.zero_point);
    epilogue.clamp_high = static_cast<float>(clamp_max - y.zero_point);
    epilogue.flip = flip_of(y.dtype);
    epilogue.clamp_min = static_cast<uint8_t>(clamp_min - least);
    epilogue.clamp_max = static_cast<uint8_t>(clamp_max - least);
    if (!residual_) return;
    epilogue.residual_flip = flip_of(spec.inputs[1].dtype);
    epilogue.residual_zero_point = spec.inputs[1].zero_point;
    epilogue.residual_multiplier = scale_ratio(spec.inputs[1].scale, 1.0, y.scale);
  }

  void choose_and_pack(const OperatorSpec& spec) {
    const auto constant = [&](const char* role, DType dtype) {
      const Array& array = spec.constant(role, dtype);
      if (array.shape.rank != 1 || array.shape.dim[0] != channels_)
        spec.fail(std::string("constant '") + role + "' must have one entry for each channel of the weight");
      return array;
    };
    const auto* bias = constant("bias", DType::s32).as<int32_t>();
    const auto* weight_scale = constant("weight_scale", DType::f32).as<float>();
    const auto* weight = spec.constant("weight", DType::s8).as<int8_t>();
    const int taps = static_cast<int>(layer_.window.height * layer_.window.width);
    const double y_scale = layer_.epilogue.to_float ? 1.0 : spec.outputs[0].scale;
    std::vector<float> multiplier(channels_);
    for (int64_t c = 0; c < channels_; ++c) multiplier[c] = scale_ratio(spec.inputs[0].scale, weight_scale[c], y_scale);

    DepthwiseQuery query = {spec.isa, 0, 0};
    const DepthwiseWeights weights = {
        channels_, taps, weight, bias, multiplier.data(), spec.inputs[0].zero_point - quant_min(layer_.x_dtype)};
    if (is_plain() && stays_small(weights)) {
      query.kernel = static_cast<int>(layer_.window.width);
      query.stride = static_cast<int>(layer_.window.column_stride);
    }
    layer_.kernel = &find_depthwise_kernel(query);
    layer_.packed = pack_depthwise(weights, *layer_.kernel);
  }

  bool is_plain() const {
    const Window& window = layer_.window;
    return window.height == window.width && window.row_stride == window.column_stride && window.row_dilation == 1 &&
           window.column_dilation == 1 && !residual_ && !layer_.epilogue.to_float;
  }

  // Whether |accumulator · multiplier| < 2^30 whatever the input, so that clamping after the conversion to int is the
  // same.
  static bool stays_small(const DepthwiseWeights& weights) {
    const double reach = std::max(weights.zero_point, 255 - weights.zero_point);
    for (int64_t c = 0; c < weights.channels; ++c) {
      double bound = std::abs(static_cast<double>(weights.bias[c]));
      for (int tap = 0; tap < weights.taps; ++tap) bound += std::abs(weights.weight[c * weights.taps + tap]) * reach;
      if (!(bound * weights.multiplier[c] < 0x1p30)) return false;
    }
    return true;
  }

  std::string name_;
  bool residual_;
  int rank_ = 0;
  int64_t channels_ = 0;
  Layer layer_;
};

}  // namespace

std::unique_ptr<Operator> make_depthwise(const OperatorSpec& spec) { return std::make_unique<Depthwise>(spec); }

}  // namespace octavo
