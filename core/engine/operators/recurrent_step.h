// A recurrent layer's weights, and the step that walks through time with them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "engine/operator.h"
#include "kernels/recurrent/recurrent.h"
#include "kernels/row_linear/pack.h"

namespace octavo {

struct RecurrentLayer {
  int64_t gates = 0, states = 0;  // states: 2 with a cell (h and c), else 1
  int64_t hidden = 0;
  bool reverse = false;
  // Their outputs are [blocks][gates][kUnitBlock], zeros past `hidden`.
  PackedRowLinear input{}, state{};
  void (*finish_gates)(const GateTile& tile) = nullptr;

  int64_t blocks() const { return (hidden + kUnitBlock - 1) / kUnitBlock; }
  int64_t block_width() const { return gates * kUnitBlock; }
};

// How a step for x [t, n, in] uses its scratch memory. All in bytes from its start.
struct RecurrentScratch {
  RecurrentScratch(const RecurrentLayer& layer, const Shape& x);

  int64_t chunk = 0;                                        // time steps whose input products are made at once
  int64_t x_qparams = 0, from_x = 0, h = 0, h_qparams = 0;  // quantized x is at 0
  int64_t bytes = 0;
};

// The products of the input are made for a chunk of time steps as one matrix product. Threads share the units, so that
// each keeps its part of the weights in its own cache, and meet twice a time step: when the state is quantized, and
// when the next one is there.
class RecurrentStep final : public Step {
 public:
  // inputs: x, then the states at the start, if given; outputs: y, the states at the end, scratch memory.
  RecurrentStep(const RecurrentLayer& layer, std::span<const Tensor> inputs, std::span<const Tensor> outputs);

  void run_phases(int thread, int threads, Barrier& barrier) noexcept override;

 private:
  struct Rows {  // n rows of floats
    float* data;
    int64_t stride;  // in floats
  };
  static Rows rows_of(const Tensor& tensor) {
    return {reinterpret_cast<float*>(tensor.data), tensor.stride[0] / item_size(DType::f32)};
  }
  Rows at_time(const Tensor& tensor, int64_t step) const;

  void start_states(Range rows) const noexcept;
  void quantize_inputs(int64_t first_step, Range rows) const noexcept;
  void multiply_inputs(int64_t steps, Range blocks) const noexcept;
  void quantize_state(Rows h, Range rows) const noexcept;
  void advance(int64_t step, Rows before, Range blocks) const noexcept;
  void advance_block(int64_t step, Rows before, int64_t block) const noexcept;
  void end_state(Range blocks) const noexcept;

  const RecurrentLayer& layer_;
  std::span<const Tensor> inputs_, outputs_;
  const Tensor& x_;
  const Tensor& y_;
  const Tensor& scratch_;
  int64_t times_, n_;
  RecurrentScratch place_;
};

}  // namespace octavo
