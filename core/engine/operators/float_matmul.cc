// matmul in float32: a pointwise convolution whose weight is packed as the program runs.
#include <algorithm>
#include <limits>

#include "engine/operators/elementwise.h"
#include "engine/operators/matmul.h"
#include "kernels/float_conv/float_conv.h"

namespace octavo {
namespace {

constexpr int64_t kBlock = kFloatConvBlock;
constexpr int64_t kRows = 64;  // of a that meet a block of b's columns one after the other
constexpr int64_t kTap = 0;
constexpr float kNoBias[kBlock] = {};

struct FloatMatmulLayer {
  void (*conv)(const FloatConvRow& row) = nullptr;
  bool transpose_b = false;
};

int64_t blocks_of(const MatmulSizes& sizes) { return (sizes.n + kBlock - 1) / kBlock; }

class FloatMatmulStep final : public Step {
 public:
  FloatMatmulStep(const FloatMatmulLayer& layer, std::span<const Tensor> in, std::span<const Tensor> out)
      : conv_(layer.conv),
        a_(in[0]),
        b_(in[1]),
        y_(out[0]),
        scratch_(out[1]),
        places_(in[0], in[1], out[0], layer.transpose_b),
        blocks_(blocks_of(places_)) {}

  bool meets() const override { return true; }
  void run_together(int thread, int threads, Barrier& barrier) noexcept override {
    const Range first = share(places_.b_matrices * blocks_, thread, threads);
    for (int64_t i = first.first; i < first.last; ++i) pack(i);
    barrier.wait();
    const int64_t parts = (places_.m + kRows - 1) / kRows;
    const Range second = share(static_cast<int64_t>(places_.y_at.size()) * blocks_ * parts, thread, threads);
    for (int64_t i = second.first; i < second.last; ++i) {
      const int64_t from = i % parts * kRows;
      multiply(static_cast<size_t>(i / parts / blocks_), i / parts % blocks_,
               {from, std::min(from + kRows, places_.m)});
    }
  }

 private:
  float* packed(int64_t block) const { return reinterpret_cast<float*>(scratch_.data) + block * places_.k * kBlock; }
  int64_t columns_of(int64_t block) const { return std::min(kBlock, places_.n - block * kBlock); }

  void pack(int64_t item) const noexcept {
    const int64_t block = item % blocks_, columns = columns_of(block);
    const uint8_t* from =
        b_.data + places_.b_at[static_cast<size_t>(item / blocks_)] + block * kBlock * places_.b_output_stride;
    float* to = packed(item);
    for (int64_t k = 0; k < places_.k; ++k, from += places_.b_depth_stride, to += kBlock) {
      for (int64_t j = 0; j < columns; ++j) to[j] = *reinterpret_cast<const float*>(from + j * places_.b_output_stride);
      std::fill(to + columns, to + kBlock, 0.0f);
    }
  }

  void multiply(size_t matrix, int64_t block, Range rows) const noexcept {
    conv_({.x = a_.data + places_.a_at[static_cast<size_t>(places_.a_of[matrix])] + rows.first * places_.a_row,
           .y = y_.data + places_.y_at[matrix] + rows.first * places_.y_row + block * kBlock * 4,
           .x_pixel = places_.a_row,
           .y_pixel = places_.y_row,
           .tap = &kTap,
           .taps = 1,
           .in_channels = places_.k,
           .out_channels = columns_of(block),
           .pixels = rows.last - rows.first,
           .weight = packed(places_.b_of[matrix] * blocks_ + block),
           .bias = kNoBias});
  }

  void (*conv_)(const FloatConvRow& row);
  const Tensor &a_, &b_, &y_, &scratch_;
  MatmulPlaces places_;
  int64_t blocks_;  // of columns of b
};

class FloatMatmul final : public Operator {
 public:
  explicit FloatMatmul(const OperatorSpec& spec)
      : name_(spec.name), layer_{kFloatConvKernels[spec.isa]->conv, spec.int_of("transpose_b") != 0} {
    require_values(spec, 2);
    for (const ValueType& type : {spec.inputs[0], spec.inputs[1], spec.outputs[0]})
      require_dtype(spec, type, type.dtype == DType::f32, "float32");
    if (spec.ints.contains("clamp_min") || spec.ints.contains("clamp_max"))
      spec.fail("the float32 form takes no clamp_min or clamp_max");
  }

  void check(std::span<const Shape> in, std::span<const Shape> out) const override {
    check_matmul(name_, in, out[0], layer_.transpose_b, std::numeric_limits<int64_t>::max());
  }
  InputNeed input_need(int, std::span<const Shape>) const override { return {Order::row_major, {}}; }
  Order output_order() const override { return Order::row_major; }
  int64_t scratch_bytes(std::span<const Shape> in) const override {
    const MatmulSizes sizes(in[0], in[1], layer_.transpose_b);
    return sizes.b_matrices * blocks_of(sizes) * sizes.k * kBlock * item_size(DType::f32);
  }
  std::unique_ptr<Step> bind(std::span<const Tensor> in, std::span<const Tensor> out) const override {
    return std::make_unique<FloatMatmulStep>(layer_, in, out);
  }

 private:
  std::string name_;
  FloatMatmulLayer layer_;
};

}  // namespace

std::unique_ptr<Operator> make_float_matmul(const OperatorSpec& spec) { return std::make_unique<FloatMatmul>(spec); }

}  // namespace octavo
