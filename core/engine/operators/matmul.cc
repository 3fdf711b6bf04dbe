// dynamic_matmul and matmul: products of two values in integers.
#include "engine/operators/matmul.h"

#include <algorithm>
#include <optional>

#include "engine/operators/registry.h"
#include "engine/operators/value_panels.h"
#include "engine/scoped_registers.h"
#include "kernels/quantize/quantize.h"

namespace octavo {
namespace {

constexpr int64_t kBlockTiles = 4;  // tiles of rows that meet a panel one after the other

struct MatmulLayer {
  ProductKernels kernels;
  void (*quantize)(float inv, const Requantize& y, const Block& block) = nullptr;
  bool transpose_b = false;
  ValueType a, b;
  float factor = 1.0f;          // what the scales of b's columns are multiplied by
  std::optional<Requantize> y;  // of an 8-bit output
};

int64_t pieces(int64_t size, int64_t most) { return (size + most - 1) / most; }

// Scratch memory: b packed, then the rows of a, then their qparams.
struct MatmulScratch {
  MatmulScratch(const MatmulLayer& layer, const MatmulSizes& sizes)
      : rows(layer.kernels, layer.a, layer.b, sizes.k),
        columns(layer.kernels, layer.b, layer.factor, sizes.n, sizes.k),
        rows_at(sizes.b_matrices * columns.bytes()),
        qparams_at(rows_at + sizes.a_matrices * sizes.m * rows.row_bytes()),
        bytes(qparams_at + sizes.a_matrices * sizes.m * static_cast<int64_t>(sizeof(RowQParams))) {}

  LevelSource rows;
  PackedValue columns;
  int64_t rows_at, qparams_at, bytes;
};

class MatmulStep final : public Step {
 public:
  MatmulStep(const MatmulLayer& layer, std::span<const Tensor> in, std::span<const Tensor> out)
      : layer_(layer),
        a_(in[0]),
        b_(in[1]),
        y_(out[0]),
        memory_(out[1]),
        places_(in[0], in[1], out[0], layer.transpose_b),
        scratch_(layer, places_),
        tiles_(pieces(places_.m, layer.kernels.row_linear->mr)),
        blocks_(pieces(places_.m, kBlockTiles * layer.kernels.row_linear->mr)) {}

  bool meets() const override { return true; }
  void run_together(int thread, int threads, Barrier& barrier) noexcept override {
    const int64_t panels = scratch_.columns.panels(), row_items = places_.a_matrices * tiles_;
    const Range first = share(row_items + places_.b_matrices * panels, thread, threads);
    for (int64_t i = first.first; i < first.last; ++i) {
      if (i < row_items)
        make_rows(i / tiles_, piece(places_.m, i % tiles_, tiles_));
      else
        pack((i - row_items) / panels, (i - row_items) % panels);
    }
    barrier.wait();
    ScopedRegisters registers;
    const Range second = share(static_cast<int64_t>(places_.y_at.size()) * blocks_ * panels, thread, threads);
    for (int64_t i = second.first; i < second.last; ++i)
      multiply(static_cast<size_t>(i / panels / blocks_), piece(places_.m, i / panels % blocks_, blocks_), i % panels,
               registers);
  }

 private:
  uint8_t* rows_of(int64_t matrix) const { return memory_.data + scratch_.rows_at + matrix * places_.m * row_bytes(); }
  RowQParams* qparams_of(int64_t matrix) const {
    return reinterpret_cast<RowQParams*>(memory_.data + scratch_.qparams_at) + matrix * places_.m;
  }
  uint8_t* packed(int64_t matrix) const { return memory_.data + matrix * scratch_.columns.bytes(); }
  int64_t row_bytes() const { return scratch_.rows.row_bytes(); }

  void make_rows(int64_t matrix, Range rows) const noexcept {
    scratch_.rows.make(a_.data + places_.a_at[static_cast<size_t>(matrix)] + rows.first * places_.a_row, places_.a_row,
                       rows.last - rows.first, rows_of(matrix) + rows.first * row_bytes(),
                       qparams_of(matrix) + rows.first);
  }

  void pack(int64_t matrix, int64_t panel) const noexcept {
    scratch_.columns.pack(
        {b_.data + places_.b_at[static_cast<size_t>(matrix)], places_.b_output_stride, places_.b_depth_stride}, panel,
        packed(matrix));
  }

  void multiply(size_t matrix, Range block, int64_t panel, ThreadRegisters& registers) const noexcept {
    const RowLinearPanels panels = scratch_.columns.at(packed(places_.b_of[matrix]));
    const int64_t nr = panels.kernels->nr, size = item_size(y_.type.dtype), a = places_.a_of[matrix];
    alignas(64) float made[kRowLinearMaxRows * kRowLinearMaxOutputs];
    const RowLinearRows rows{.m = places_.m,
                             .q = rows_of(a),
                             .q_stride = row_bytes(),
                             .qparams = qparams_of(a),
                             .y = made,
                             .y_stride = nr,
                             .registers = &registers};
    const int64_t height = block.last - block.first, tiles = pieces(height, panels.kernels->mr);
    for (int64_t i = 0; i < tiles; ++i) {
      const Range part = piece(height, i, tiles);
      const int64_t row = block.first + part.first, count = part.last - part.first;
      uint8_t* y = y_.data + places_.y_at[matrix] + row * places_.y_row + panel * nr * size;
      RowLinearTile tile = tile_of(panels, rows, panel, row);
      tile.y = layer_.y ? made : reinterpret_cast<float*>(y);
      tile.y_stride = layer_.y ? nr : places_.y_row / size;
      panels.kernels->run[count](tile);
      if (layer_.y)
        layer_.quantize(1.0f, *layer_.y,
                        {.rows = count,
                         .count = tile.columns,
                         .data = {y, reinterpret_cast<uint8_t*>(made)},
                         .row_stride = {places_.y_row, nr * 4},
                         .stride = {1, 4}});
    }
  }

  const MatmulLayer& layer_;
  const Tensor &a_, &b_, &y_, &memory_;
  MatmulPlaces places_;
  MatmulScratch scratch_;
  int64_t tiles_, blocks_;  // of the rows of a matrix
};

MatmulLayer make_layer(const OperatorSpec& spec, bool is_static) {
  require_values(spec, 2);
  for (const ValueType& type : spec.inputs)
    require_dtype(spec, type, is_static ? is_quantized(type.dtype) : type.dtype == DType::f32,
                  is_static ? "uint8 or int8" : "float32");
  const ValueType& y = spec.outputs[0];
  const bool requantizes = is_static && is_quantized(y.dtype);
  require_dtype(spec, y, requantizes || y.dtype == DType::f32, is_static ? "uint8, int8 or float32" : "float32");
  MatmulLayer layer{.kernels = ProductKernels(spec.isa),
                    .quantize = kQuantizeKernels[spec.isa]->quantize,
                    .transpose_b = spec.int_of("transpose_b") != 0,
                    .a = spec.inputs[0],
                    .b = spec.inputs[1],
                    .y = {}};
  if (is_static) layer.factor = scale_ratio(layer.a.scale, layer.b.scale, requantizes ? y.scale : 1.0);
  if (requantizes) layer.y = requantize_of(spec, y);
  return layer;
}

class Matmul final : public Operator {
 public:
  Matmul(const OperatorSpec& spec, bool is_static)
      : name_(spec.name),
        layer_(make_layer(spec, is_static)),
        deepest_(is_static ? kMaxStaticDepth : kMaxDynamicDepth) {}

  void check(std::span<const Shape> in, std::span<const Shape> out) const override {
    check_matmul(name_, in, out[0], layer_.transpose_b, deepest_);
  }
  InputNeed input_need(int, std::span<const Shape>) const override { return {Order::row_major, {}}; }
  Order output_order() const override { return Order::row_major; }
  int64_t scratch_bytes(std::span<const Shape> in) const override {
    return MatmulScratch(layer_, MatmulSizes(in[0], in[1], layer_.transpose_b)).bytes;
  }
  std::unique_ptr<Step> bind(std::span<const Tensor> in, std::span<const Tensor> out) const override {
    return std::make_unique<MatmulStep>(layer_, in, out);
  }

 private:
  std::string name_;
  MatmulLayer layer_;
  int64_t deepest_;
};

}  // namespace

std::unique_ptr<Operator> make_dynamic_matmul(const OperatorSpec& spec) {
  return std::make_unique<Matmul>(spec, false);
}

std::unique_ptr<Operator> make_matmul(const OperatorSpec& spec) {
  require_values(spec, 2);
  if (spec.inputs[0].dtype == DType::f32) return make_float_matmul(spec);
  return std::make_unique<Matmul>(spec, true);
}

}  // namespace octavo
