// Linear layer of float32 rows by int8 weights: each row is quantized by its own range, then multiplied in integers.
#include <string>
#include <vector>

#include "engine/operators/elementwise.h"
#include "engine/operators/registry.h"
#include "engine/scoped_registers.h"
#include "kernels/row_linear/pack.h"

namespace octavo {
namespace {

// The rows of a tensor (all axes but the last): blocks of as many rows, equally far apart in memory.
struct RowBlocks {
  explicit RowBlocks(const Tensor& tensor) {
    int a = tensor.shape.rank - 2;
    for (; a >= 0; --a) {
      const int64_t size = tensor.shape.dim[a];
      if (size == 1) continue;
      if (rows != 1 && tensor.stride[a] != rows * stride) break;
      if (rows == 1) stride = tensor.stride[a];
      rows *= size;
    }
    offsets = {0};
    for (; a >= 0; --a) {
      const std::vector<int64_t> inner = offsets;
      offsets.clear();
      for (int64_t i = 0; i < tensor.shape.dim[a]; ++i)
        for (const int64_t offset : inner) offsets.push_back(i * tensor.stride[a] + offset);
    }
  }
  int64_t count() const { return rows * static_cast<int64_t>(offsets.size()); }

  int64_t rows = 1, stride = 0;  // of a block; in bytes
  std::vector<int64_t> offsets;  // in bytes, of each block's first row
};

class DynamicLinearStep final : public Step {
 public:
  DynamicLinearStep(const PackedRowLinear& layer, const Tensor& x, const Tensor& y, const Tensor& scratch)
      : layer_(layer), x_(x), y_(y), scratch_(scratch), x_blocks_(x), y_blocks_(y) {}

  bool meets() const override { return true; }
  void run_together(int thread, int threads, Barrier& barrier) noexcept override {
    const int64_t m = x_blocks_.count();
    uint8_t* q = scratch_.data;
    auto* qparams = reinterpret_cast<RowQParams*>(q + m * layer_.row_bytes());
    // The caller's thread has the last share: of a single row, so that nobody waits for a thread to wake up.
    quantize(share(m, threads - 1 - thread, threads), q, qparams);
    barrier.wait();
    ScopedRegisters registers;
    for (const int64_t offset : y_blocks_.offsets) {
      multiply_rows(layer_,
                    {.m = y_blocks_.rows,
                     .q = q,
                     .q_stride = layer_.row_bytes(),
                     .qparams = qparams,
                     .y = reinterpret_cast<float*>(y_.data + offset),
                     .y_stride = y_blocks_.stride / 4,
                     .registers = &registers},
                    thread, threads);
      q += y_blocks_.rows * layer_.row_bytes();
      qparams += y_blocks_.rows;
    }
  }

 private:
  void quantize(Range rows, uint8_t* q, RowQParams* qparams) const noexcept {
    const int64_t block = x_blocks_.rows;
    for (int64_t first = rows.first; first < rows.last;) {
      const int64_t last = std::min(rows.last, (first / block + 1) * block);
      const int64_t offset = x_blocks_.offsets[static_cast<size_t>(first / block)] + first % block * x_blocks_.stride;
      layer_.kernels->quantize({.x = reinterpret_cast<const float*>(x_.data + offset),
                                .x_stride = x_blocks_.stride / 4,
                                .rows = last - first,
                                .k = layer_.k,
                                .q = q + first * layer_.row_bytes(),
                                .q_stride = layer_.row_bytes(),
                                .qparams = qparams + first});
      first = last;
    }
  }

  const PackedRowLinear& layer_;
  const Tensor &x_, &y_, &scratch_;
  RowBlocks x_blocks_, y_blocks_;
};

template <class T>
std::span<const T> per_output(const OperatorSpec& spec, const std::string& role, DType dtype, int64_t outputs) {
  const Array& array = spec.constant(role, dtype);
  if (array.shape.rank != 1 || array.shape.dim[0] != outputs)
    spec.fail("constant '" + role + "' has shape " + to_text(array.shape) + ", expected one entry an output");
  return {array.as<T>(), static_cast<size_t>(outputs)};
}

PackedRowLinear pack(const OperatorSpec& spec) {
  require_values(spec, 1);
  for (const ValueType& type : {spec.inputs[0], spec.outputs[0]})
    require_dtype(spec, type, type.dtype == DType::f32, "float32");
  const Array& weight = spec.constant("weight", DType::s8);
  if (weight.shape.rank != 2 || weight.shape.elements() < 1)
    spec.fail("constant 'weight' has shape " + to_text(weight.shape) + ", expected [out, in]");
  const int64_t n = weight.shape.dim[0];
  return pack_row_linear(spec.isa, {.n = n,
                                    .k = weight.shape.dim[1],
                                    .weight = {weight.as<int8_t>(), static_cast<size_t>(weight.shape.elements())},
                                    .weight_scale = per_output<float>(spec, "weight_scale", DType::f32, n),
                                    .bias = per_output<float>(spec, "bias", DType::f32, n)});
}

class DynamicLinear final : public Operator {
 public:
  explicit DynamicLinear(const OperatorSpec& spec) : name_(spec.name), layer_(pack(spec)) {}

  void check(std::span<const Shape> in, std::span<const Shape> out) const override {
    if (in[0].rank < 1 || in[0].dim[in[0].rank - 1] != layer_.k)
      shape_error(name_, "the input's shape is " + to_text(in[0]) + ", expected " + std::to_string(layer_.k) +
                             " elements along the last axis");
    Shape expected = in[0];
    expected.dim[in[0].rank - 1] = layer_.n;
    if (!(expected == out[0]))
      shape_error(name_, "the output's shape is " + to_text(out[0]) + ", expected " + to_text(expected));
  }

  InputNeed input_need(int, std::span<const Shape>) const override { return {Order::row_major, {}}; }
  Order output_order() const override { return Order::row_major; }

  int64_t scratch_bytes(std::span<const Shape> in) const override {
    return in[0].elements() / layer_.k * (layer_.row_bytes() + static_cast<int64_t>(sizeof(RowQParams)));
  }

  std::unique_ptr<Step> bind(std::span<const Tensor> in, std::span<const Tensor> out) const override {
    return std::make_unique<DynamicLinearStep>(layer_, in[0], out[0], out[1]);
  }

 private:
  std::string name_;
  PackedRowLinear layer_;
};

}  // namespace

std::unique_ptr<Operator> make_dynamic_linear(const OperatorSpec& spec) {
  return std::make_unique<DynamicLinear>(spec);
}

}  // namespace octavo
