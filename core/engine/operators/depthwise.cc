#include "engine/operators/depthwise.h"

#include <algorithm>
#include <cmath>

#include "engine/layout.h"
#include "engine/operators/conv_window.h"
#include "engine/operators/elementwise.h"
#include "kernels/depthwise/pack.h"
#include "kernels/depthwise/table.h"

namespace octavo {
namespace {

constexpr uint8_t flip_of(DType dtype) { return dtype == DType::s8 ? 0x80 : 0; }

// A tensor in channels_last order, as planes of rows and columns of pixels: a batch of images or of volumes.
struct Image {
  const Tensor* tensor;
  int64_t batch, plane, row, column;  // strides in bytes

  explicit Image(const Tensor& of)
      : tensor(&of),
        batch(of.stride[0]),
        plane(spatial_stride(of, 0)),
        row(spatial_stride(of, 1)),
        column(spatial_stride(of, 2)) {}
};

// Everything that does not depend on where tensors lie.
struct Layer {
  ConvWindow window;
  const DepthwiseKernel* kernel = nullptr;
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
        has_residual_(inputs.size() == 2),
        taps_(layer.window.taps_in(inputs[0])) {
    while (taps_.size() % 4 != 0) taps_.push_back(taps_.back());
    for (const DepthwiseBlock& block : layer.packed.blocks) total_cost_ += cost(block);
    total_cost_ *= output.shape.dim[0] * spatial_size(output.shape, 0) * spatial_size(output.shape, 1);
  }

  // Threads share panels of rows of blocks of channels, by what they cost. A row belongs to the thread within whose
  // share its cost begins, so the result does not depend on how many threads there are.
  void run(int thread, int threads) noexcept override {
    const Range mine = share(total_cost_, thread, threads);
    const int64_t planes = spatial_size(y_.tensor->shape, 0), height = spatial_size(y_.tensor->shape, 1);
    const int64_t all = y_.tensor->shape.dim[0] * planes;
    const int panels = panels_of(height, all % threads == 0 ? 1 : threads);
    int64_t at = 0;
    for (int64_t plane = 0; plane < all; ++plane)
      for (int panel = 0; panel < panels; ++panel) {
        const Range rows = share(height, panel, panels);
        for (const DepthwiseBlock& block : layer_.packed.blocks) {
          const Range part = rows_within(mine, at, rows.last - rows.first, cost(block));
          if (part.first < part.last)
            run_block(plane / planes, plane % planes, block, rows.first + part.first, part.last - part.first);
          at += (rows.last - rows.first) * cost(block);
        }
      }
  }

 private:
  // Of at most 16 rows, so that a panel of every block still lies in the cache; as many for each thread, so that it has
  // the rows that it has of the operators before and after: what another thread has written takes long to reach.
  static int panels_of(int64_t height, int threads) {
    const auto panels = static_cast<int>((height + 15) / 16);
    return height < 2 * threads ? panels : (panels + threads - 1) / threads * threads;
  }

  static int64_t cost(const DepthwiseBlock& block) { return std::max(block.width, 32); }

  static Range rows_within(Range mine, int64_t at, int64_t rows, int64_t row_cost) {
    const auto first_row_from = [&](int64_t place) {
      return std::clamp<int64_t>((place - at + row_cost - 1) / row_cost, 0, rows);
    };
    return {mine.first <= at ? 0 : first_row_from(mine.first), mine.last <= at ? 0 : first_row_from(mine.last)};
  }

  void run_block(int64_t n, int64_t plane, const DepthwiseBlock& block, int64_t first_row, int64_t rows) const {
    const ConvWindow& window = layer_.window;
    DepthwiseArgs args = {};
    args.x_row = window.axis[1].stride * x_.row;
    args.x_column = window.axis[2].stride * x_.column;
    args.x = x_.tensor->data + n * x_.batch + plane * window.axis[0].stride * x_.plane + first_row * args.x_row +
             window.origin(*x_.tensor) + block.first;
    args.tap = taps_.data();
    args.taps = static_cast<int>(window.taps());
    args.tap_groups = layer_.packed.tap_groups;
    args.x_flip = flip_of(layer_.x_dtype);
    args.x_zero_point = layer_.x_zero_point;
    args.y = y_.tensor->data + n * y_.batch + plane * y_.plane + first_row * y_.row + block.first * layer_.y_item;
    args.y_row = y_.row;
    args.y_column = y_.column;
    if (has_residual_) {
      args.residual = residual_.tensor->data + n * residual_.batch + plane * residual_.plane +
                      first_row * residual_.row + block.first;
      args.residual_row = residual_.row;
      args.residual_column = residual_.column;
    }
    args.rows = rows;
    args.columns = spatial_size(y_.tensor->shape, 2);
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
  explicit Depthwise(const OperatorSpec& spec)
      : name_(spec.name),
        residual_(spec.inputs.size() == 2),
        layer_{.window = ConvWindow(spec, spec.constant("weight", DType::s8).shape), .packed = {}} {
    check_types(spec);
    if (!layer_.window.is_depthwise()) spec.fail("groups must be the number of channels of a depthwise weight");
    read_epilogue(spec);
    choose_and_pack(spec);
  }

  void check(std::span<const Shape> inputs, std::span<const Shape> outputs) const override {
    if (inputs.size() != (residual_ ? 2u : 1u) || outputs.size() != 1)
      shape_error(name_, "the number of inputs or outputs is wrong");
    const Shape y = layer_.window.output(inputs[0], name_);
    if (outputs[0] != y)
      shape_error(name_, "the output's shape is " + to_text(outputs[0]) + ", expected " + to_text(y));
    if (residual_ && inputs[1] != y) shape_error(name_, "the residual's shape is not the output's");
  }

  InputNeed input_need(int input, std::span<const Shape> /*inputs*/) const override {
    return {Order::channels_last, input == 0 ? layer_.window.halo() : Halo{}};
  }

  Order output_order() const override { return Order::channels_last; }

  bool in_place(int input) const override { return input == 1; }

  std::unique_ptr<Step> bind(std::span<const Tensor> inputs, std::span<const Tensor> outputs) const override {
    return std::make_unique<DepthwiseStep>(layer_, inputs, outputs[0]);
  }

 private:
  void check_types(const OperatorSpec& spec) const {
    if (spec.inputs.empty() || spec.inputs.size() > 2 || spec.outputs.size() != 1)
      spec.fail("a depthwise convolution has one or two inputs and one output");
    for (const ValueType& input : spec.inputs)
      if (!is_quantized(input.dtype)) spec.fail("the inputs of an 8-bit depthwise convolution must be uint8 or int8");
    const DType dtype = spec.outputs[0].dtype;
    if (!is_quantized(dtype) && dtype != DType::f32) spec.fail("the output must be uint8, int8 or float32");
    if (dtype == DType::f32 && residual_) spec.fail("a float32 output takes no residual");
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
      if (array.shape.rank != 1 || array.shape.dim[0] != layer_.window.out_channels)
        spec.fail(std::string("constant '") + role + "' must have one entry for each channel of the weight");
      return array;
    };
    const auto* bias = constant("bias", DType::s32).as<int32_t>();
    const auto* weight_scale = constant("weight_scale", DType::f32).as<float>();
    const auto* weight = spec.constant("weight", DType::s8).as<int8_t>();
    const int64_t channels = layer_.window.out_channels;
    const int taps = static_cast<int>(layer_.window.taps());
    const double y_scale = layer_.epilogue.to_float ? 1.0 : spec.outputs[0].scale;
    std::vector<float> multiplier(channels);
    for (int64_t c = 0; c < channels; ++c) multiplier[c] = scale_ratio(spec.inputs[0].scale, weight_scale[c], y_scale);

    DepthwiseQuery query = {spec.isa, 0, 0};
    const DepthwiseWeights weights = {
        channels, taps, weight, bias, multiplier.data(), spec.inputs[0].zero_point - quant_min(layer_.x_dtype)};
    if (is_plain() && stays_small(weights)) {
      query.kernel = static_cast<int>(layer_.window.axis[2].kernel);
      query.stride = static_cast<int>(layer_.window.axis[2].stride);
    }
    layer_.kernel = &find_depthwise_kernel(query);
    layer_.packed = pack_depthwise(weights, *layer_.kernel);
  }

  bool is_plain() const {
    const auto& [planes, rows, columns] = layer_.window.axis;
    return planes.kernel == 1 && rows.kernel == columns.kernel && rows.stride == columns.stride && rows.dilation == 1 &&
           columns.dilation == 1 && !residual_ && !layer_.epilogue.to_float;
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
  Layer layer_;
};

}  // namespace

std::unique_ptr<Operator> make_depthwise(const OperatorSpec& spec) { return std::make_unique<Depthwise>(spec); }

}  // namespace octavo
