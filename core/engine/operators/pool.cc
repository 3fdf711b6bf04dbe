// max_pool, avg_pool and adaptive_avg_pool, over [n, c, l], [n, c, h, w] and [n, c, d, h, w].
#include "kernels/pool/pool.h"

#include <algorithm>
#include <array>
#include <vector>

#include "engine/layout.h"
#include "engine/operators/elementwise.h"
#include "engine/operators/registry.h"

namespace octavo {
namespace {

constexpr int64_t kChannelBlock = 64;           // threads share channels in multiples of this many
constexpr int64_t kMaxTaps = int64_t{1} << 23;  // so that a sum of 8-bit values fits int32

// Calls kernel(row) for each row of the output. With fewer rows than threads, threads share the channels.
template <class Kernel>
class PoolStep final : public Step {
 public:
  // windows: of d, h and w.
  PoolStep(const Tensor& x, const Tensor& y, std::array<std::vector<PoolWindow>, kSpatialAxes> windows, Kernel kernel)
      : x_(x), y_(y), windows_(std::move(windows)), kernel_(kernel) {}

  void run(int thread, int threads) noexcept override {
    const int64_t all_rows = y_.shape.dim[0] * size(0) * size(1), channels = y_.shape.dim[1];
    const int64_t parts = all_rows >= threads ? 1 : (channels + kChannelBlock - 1) / kChannelBlock;
    const int64_t part = parts == 1 ? channels : kChannelBlock;
    const Range range = share(all_rows * parts, thread, threads);
    for (int64_t i = range.first; i < range.last; ++i) {
      const int64_t channel = i % parts * part;
      run_row(i / parts, channel, std::min(part, channels - channel));
    }
  }

 private:
  int64_t size(int axis) const { return static_cast<int64_t>(windows_[axis].size()); }

  void run_row(int64_t row, int64_t channel, int64_t channels) const {
    const int64_t h = row % size(1), d = row / size(1) % size(0), image = row / (size(1) * size(0));
    const int64_t offset = channel * item_size(x_.type.dtype);
    const int64_t y_row = d * spatial_stride(y_, 0) + h * spatial_stride(y_, 1);
    kernel_(PoolRow{.x = x_.data + image * x_.stride[0] + offset,
                    .y = y_.data + image * y_.stride[0] + y_row + offset,
                    .x_plane = spatial_stride(x_, 0),
                    .x_row = spatial_stride(x_, 1),
                    .x_pixel = spatial_stride(x_, 2),
                    .y_pixel = spatial_stride(y_, 2),
                    .channels = channels,
                    .planes = windows_[0][d],
                    .rows = windows_[1][h],
                    .columns = windows_[2].data(),
                    .width = size(2)});
  }

  const Tensor &x_, &y_;
  std::array<std::vector<PoolWindow>, kSpatialAxes> windows_;
  Kernel kernel_;
};

class Pool : public Operator {
 public:
  explicit Pool(const OperatorSpec& spec) : name_(spec.name), kernels_(*kPoolKernels[spec.isa]) {
    require_values(spec, 1);
    dtype_ = spec.inputs[0].dtype;
    require_dtype(spec, spec.inputs[0], is_quantized(dtype_) || dtype_ == DType::f32, "uint8, int8 or float32");
    require_dtype(spec, spec.outputs[0], is_quantized(spec.outputs[0].dtype) == is_quantized(dtype_), "like the input");
  }

  InputNeed input_need(int, std::span<const Shape>) const override { return {Order::channels_last, {}}; }
  Order output_order() const override { return Order::channels_last; }

  void check(std::span<const Shape> in, std::span<const Shape> out) const override {
    const int spatial = spatial_axes();
    if (in[0].rank != spatial + 2)
      shape_error(name_,
                  "the input's shape is " + to_text(in[0]) + ", expected " + std::to_string(spatial + 2) + " axes");
    Shape expected = in[0];
    for (int axis = 0; axis < spatial; ++axis) expected.dim[2 + axis] = output_size(axis, in[0].dim[2 + axis]);
    for (int axis = 0; axis < spatial; ++axis)
      if (expected.dim[2 + axis] < 1) shape_error(name_, "the input " + to_text(in[0]) + " is smaller than a window");
    if (!(expected == out[0]))
      shape_error(name_, "the output's shape is " + to_text(out[0]) + ", expected " + to_text(expected));
    check_windows(in[0]);
  }

 protected:
  virtual int spatial_axes() const = 0;
  virtual int64_t output_size(int axis, int64_t input_size) const = 0;
  virtual PoolWindow window(int axis, int64_t index, int64_t input_size) const = 0;
  virtual void check_windows(const Shape&) const {}

  bool is_float() const { return dtype_ == DType::f32; }

  std::vector<PoolWindow> windows(int axis, int64_t input_size) const {
    std::vector<PoolWindow> list(static_cast<size_t>(output_size(axis, input_size)));
    for (size_t i = 0; i < list.size(); ++i) list[i] = window(axis, static_cast<int64_t>(i), input_size);
    return list;
  }

  // Throws where a window has so many taps that the sum of their bytes could leave int32.
  void limit_taps(const Shape& in) const {
    int64_t most = 1;
    for (int axis = 0; axis < spatial_axes(); ++axis) {
      int64_t largest = 0;
      for (const PoolWindow& window : windows(axis, in.dim[2 + axis])) largest = std::max(largest, tap_count(window));
      most *= largest;
      if (most > kMaxTaps) shape_error(name_, "a window has " + std::to_string(most) + " elements, more than 2^23");
    }
  }

  template <class Kernel>
  std::unique_ptr<Step> make_step(const Tensor& x, const Tensor& y, Kernel kernel) const {
    std::array<std::vector<PoolWindow>, kSpatialAxes> list;
    const int spatial = spatial_axes(), lacking = kSpatialAxes - spatial;
    for (int i = 0; i < lacking; ++i) list[i] = {{.first = 0, .end = 1, .step = 1, .count = 1}};
    for (int i = 0; i < spatial; ++i) list[lacking + i] = windows(i, x.shape.dim[2 + i]);
    return std::make_unique<PoolStep<Kernel>>(x, y, std::move(list), kernel);
  }

  std::string name_;
  PoolKernels kernels_;
  DType dtype_;
};

// kernel, stride, padding [before, after] and dilation of each spatial axis.
class WindowedPool : public Pool {
 public:
  explicit WindowedPool(const OperatorSpec& spec)
      : Pool(spec),
        kernel_(spec.ints_of("kernel")),
        stride_(spec.ints_of("stride")),
        padding_(spec.ints_of("padding")),
        dilation_(spec.ints.contains("dilation") ? spec.ints_of("dilation") : std::vector<int64_t>(kernel_.size(), 1)),
        ceil_mode_(spec.optional_int("ceil_mode").value_or(0) != 0) {
    const size_t spatial = kernel_.size();
    if (spatial < 1 || spatial > kSpatialAxes || stride_.size() != spatial || padding_.size() != 2 * spatial ||
        dilation_.size() != spatial)
      spec.fail("'kernel', 'stride', 'dilation' and 'padding' need one entry (padding: two) for each of 1 to 3 axes");
    const auto is_from = [](int64_t low) { return [=](int64_t n) { return n >= low && n < kMaxTaps; }; };
    if (!std::ranges::all_of(kernel_, is_from(1)) || !std::ranges::all_of(stride_, is_from(1)) ||
        !std::ranges::all_of(dilation_, is_from(1)) || !std::ranges::all_of(padding_, is_from(0)))
      spec.fail("an entry of 'kernel', 'stride', 'dilation' or 'padding' is out of range");
  }

 protected:
  int spatial_axes() const override { return static_cast<int>(kernel_.size()); }

  int64_t output_size(int axis, int64_t input_size) const override {
    const int64_t before = padding_[2 * axis], after = padding_[2 * axis + 1], stride = stride_[axis];
    const int64_t room = input_size + before + after - dilation_[axis] * (kernel_[axis] - 1) - 1;
    if (room < 0) return 0;
    int64_t size = (room + (ceil_mode_ ? stride - 1 : 0)) / stride + 1;
    if (ceil_mode_ && (size - 1) * stride >= input_size + before) --size;
    return size;
  }

  // count: the taps inside the input, or with `counts_padding` inside the padded input.
  PoolWindow window_of(int axis, int64_t index, int64_t input_size, bool counts_padding) const {
    const int64_t before = padding_[2 * axis], after = padding_[2 * axis + 1], step = dilation_[axis];
    const int64_t start = index * stride_[axis] - before, end = start + step * (kernel_[axis] - 1) + 1;
    const int64_t skipped = start < 0 ? (-start + step - 1) / step : 0;
    PoolWindow window{.first = start + skipped * step, .end = std::min(end, input_size), .step = step};
    const PoolWindow padded{.first = start, .end = std::min(end, input_size + after), .step = step};
    window.count = tap_count(counts_padding ? padded : window);
    return window;
  }

 private:
  std::vector<int64_t> kernel_, stride_, padding_, dilation_;
  bool ceil_mode_;
};

class MaxPool final : public WindowedPool {
 public:
  explicit MaxPool(const OperatorSpec& spec) : WindowedPool(spec) {
    const ValueType &x = spec.inputs[0], &y = spec.outputs[0];
    if (x.dtype != y.dtype || (!is_float() && (x.scale != y.scale || x.zero_point != y.zero_point)))
      spec.fail("the output's dtype, scale and zero_point must be the input's");
  }
  std::unique_ptr<Step> bind(std::span<const Tensor> in, std::span<const Tensor> out) const override {
    return make_step(in[0], out[0],
                     is_float()            ? kernels_.max_float
                     : dtype_ == DType::s8 ? kernels_.max_s8
                                           : kernels_.max_u8);
  }

 protected:
  PoolWindow window(int axis, int64_t index, int64_t input_size) const override {
    return window_of(axis, index, input_size, false);
  }
};

AvgPoolParams avg_params(const OperatorSpec& spec, int64_t divisor) {
  const ValueType &x = spec.inputs[0], &y = spec.outputs[0];
  if (x.dtype == DType::f32) return {.divisor = divisor, .x = {}, .y = {}};
  return {.scale_x = x.scale, .scale_y = y.scale, .divisor = divisor, .x = levels_of(x), .y = requantize_of(spec, y)};
}

class AvgPool final : public WindowedPool {
 public:
  explicit AvgPool(const OperatorSpec& spec)
      : WindowedPool(spec), counts_padding_(spec.int_of("count_include_pad") != 0) {
    const int64_t divisor = spec.optional_int("divisor").value_or(0);
    if (spec.ints.contains("divisor") && divisor < 1)
      spec.fail("attribute 'divisor' is " + std::to_string(divisor) + ", expected at least 1 or null");
    params_ = avg_params(spec, divisor);
  }
  std::unique_ptr<Step> bind(std::span<const Tensor> in, std::span<const Tensor> out) const override {
    if (is_float())
      return make_step(in[0], out[0], [run = kernels_.avg_float, divisor = params_.divisor](const PoolRow& row) {
        run(divisor, row);
      });
    return make_step(in[0], out[0], [run = kernels_.avg, params = params_](const PoolRow& row) { run(params, row); });
  }

 protected:
  PoolWindow window(int axis, int64_t index, int64_t input_size) const override {
    return window_of(axis, index, input_size, counts_padding_);
  }
  void check_windows(const Shape& in) const override {
    for (int axis = 0; axis < spatial_axes(); ++axis)
      for (const PoolWindow& window : windows(axis, in.dim[2 + axis]))
        if (window.count < 1 && params_.divisor == 0) shape_error(name_, "a window lies wholly in the padding");
    limit_taps(in);
  }

 private:
  bool counts_padding_;
  AvgPoolParams params_;
};

class AdaptiveAvgPool final : public Pool {
 public:
  explicit AdaptiveAvgPool(const OperatorSpec& spec)
      : Pool(spec), output_size_(spec.ints_of("output_size")), params_(avg_params(spec, 0)) {
    if (output_size_.empty() || output_size_.size() > kSpatialAxes || std::ranges::min(output_size_) < 1)
      spec.fail("attribute 'output_size' needs one to three entries of at least 1");
  }
  std::unique_ptr<Step> bind(std::span<const Tensor> in, std::span<const Tensor> out) const override {
    if (is_float()) return make_step(in[0], out[0], [run = kernels_.avg_float](const PoolRow& row) { run(0, row); });
    return make_step(in[0], out[0], [run = kernels_.avg, params = params_](const PoolRow& row) { run(params, row); });
  }

 protected:
  int spatial_axes() const override { return static_cast<int>(output_size_.size()); }
  int64_t output_size(int axis, int64_t) const override { return output_size_[axis]; }
  PoolWindow window(int axis, int64_t index, int64_t input_size) const override {
    const int64_t outputs = output_size_[axis];
    const int64_t first = index * input_size / outputs, end = ((index + 1) * input_size + outputs - 1) / outputs;
    return {.first = first, .end = end, .step = 1, .count = end - first};
  }
  void check_windows(const Shape& in) const override { limit_taps(in); }

 private:
  std::vector<int64_t> output_size_;
  AvgPoolParams params_;
};

}  // namespace

std::unique_ptr<Operator> make_max_pool(const OperatorSpec& spec) { return std::make_unique<MaxPool>(spec); }
std::unique_ptr<Operator> make_avg_pool(const OperatorSpec& spec) { return std::make_unique<AvgPool>(spec); }
std::unique_ptr<Operator> make_adaptive_avg_pool(const OperatorSpec& spec) {
  return std::make_unique<AdaptiveAvgPool>(spec);
}

}  // namespace octavo
