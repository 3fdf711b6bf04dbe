// Packed weights of a row-wise quantized linear layer, and the product of a whole matrix by them.
//
// How to use it, from an operator:
//   1. Once, when the operator is built: layer = pack_row_linear(isa, {...}).
//   2. Memory for m rows: m * layer.row_bytes() bytes and m RowQParams.
//   3. In a run: layer.kernels->quantize({...}), shared between threads by rows; rows do not depend on each other.
//   4. A barrier, unless each thread quantized what it reads; then multiply_rows(layer, {...}, thread, threads).
// Or call layer.kernels->run on tiles of your own (tile_of).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/row_linear/row_linear.h"

namespace octavo {

// Bytes of a quantized row, padding included: what RowQuantization::q_stride should be.
inline int64_t quantized_row_bytes(int64_t k) { return (k + 63) / 64 * 64; }

// Bytes of a panel: weights k deep, and zeros up to where the kernel reads.
int64_t row_linear_panel_bytes(const RowLinearKernels& kernels, int64_t k);

struct RowLinearConstants {
  int64_t n = 0, k = 0;                       // outputs and inputs
  std::span<const int8_t> weight;             // [n, k], within [-127, 127], and 255 * sum|w| of an output within int32
  std::span<const float> weight_scale, bias;  // [n]
};

// Weights in panels, wherever they lie.
struct RowLinearPanels {
  const RowLinearKernels* kernels = nullptr;
  int64_t n = 0, k = 0;
  int64_t panels = 0;       // of kernels->nr outputs, the last one perhaps in part
  int64_t panel_bytes = 0;  // of weight: see row_linear_panel_bytes
  const int8_t* weight = nullptr;
  const int32_t* minus_sum = nullptr;  // [panels * nr], as the next two
  const float* weight_scale = nullptr;
  const float* bias = nullptr;  // null: none
};

struct PackedRowLinear {
  struct alignas(64) Line {
    int8_t byte[64];
  };
  const RowLinearKernels* kernels = nullptr;
  int64_t n = 0, k = 0;
  int64_t panels = 0;       // of kernels->nr outputs, the last one perhaps in part
  int64_t panel_bytes = 0;  // of weight
  std::vector<Line> weight;
  std::vector<int32_t> minus_sum;  // [panels * nr], zeros past n, as in all of these
  std::vector<float> weight_scale, bias;

  operator RowLinearPanels() const {
    return {kernels,    n, k, panels, panel_bytes, weight.data()->byte, minus_sum.data(), weight_scale.data(),
            bias.data()};
  }

  int64_t row_bytes() const { return quantized_row_bytes(k); }
};

PackedRowLinear pack_row_linear(Isa isa, const RowLinearConstants& constants);

// m quantized rows, and the rows of y that they give.
struct RowLinearRows {
  int64_t m = 0;
  const uint8_t* q = nullptr;
  int64_t q_stride = 0;
  const RowQParams* qparams = nullptr;
  float* y = nullptr;
  int64_t y_stride = 0;  // floats from a row to the next
  bool accumulates = false;
  ThreadRegisters* registers = nullptr;  // never null in a run: see engine/scoped_registers.h
};

// A tile of panel `panel` and the rows from `row` on: run it with layer.kernels->run[number of rows].
RowLinearTile tile_of(const RowLinearPanels& layer, const RowLinearRows& rows, int64_t panel, int64_t row);

// This thread's share of y = rows * weight.
void multiply_rows(const RowLinearPanels& layer, const RowLinearRows& rows, int thread, int threads);

}  // namespace octavo
