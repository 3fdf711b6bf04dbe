// The step that walks through time with a recurrent layer's weights.
#pragma once

#include <cstdint>
#include <span>

#include "engine/operator.h"
#include "engine/operators/recurrent_ahead.h"
#include "engine/operators/recurrent_lengths.h"
#include "engine/operators/recurrent_scratch.h"

namespace octavo {

// The products of the input are made for a chunk of time steps as one matrix product; for a single row, beside the
// steps of the chunk before. Threads share the units, so that each keeps its part of the weights in its own cache, and
// meet when all of the next state is there; more often only where they share the work of quantizing its rows, and for a
// projection.
class RecurrentStep final : public Step {
 public:
  // inputs: x, the states at the start and the lengths, if given; outputs: y, the states at the end, scratch memory.
  RecurrentStep(const RecurrentLayer& layer, std::span<const Tensor> inputs, std::span<const Tensor> outputs);

  bool meets() const override { return true; }
  void run_together(int thread, int threads, Barrier& barrier) noexcept override;
  std::exception_ptr take_error() override { return lengths_.take_error(layer_.where); }

 private:
  struct Rows {  // n rows of floats or bytes; the stride is in bytes
    uint8_t* data;
    int64_t stride;
    uint8_t* bytes(int64_t row) const { return data + row * stride; }
    float* floats(int64_t row) const { return reinterpret_cast<float*>(bytes(row)); }
    int64_t in_floats() const { return stride / item_size(DType::f32); }
  };
  struct QuantizedRows {
    uint8_t* levels;
    RowQParams* qparams;
  };
  struct Crew {  // the threads of a run, seen from one of them
    int thread, threads;
    Barrier& barrier;
    ThreadRegisters& registers;
    Range of(int64_t count) const { return share(count, thread, threads); }
  };
  static Rows rows_of(const Tensor& tensor) { return {tensor.data, tensor.stride[0]}; }
  Rows at_time(const Tensor& tensor, int64_t step) const;
  Rows state_before(int64_t step, bool starting) const;
  Rows unprojected() const;
  QuantizedRows quantized(const RowsPlace& place, int64_t copy) const;
  QuantizedRows levels_before(int64_t step) const { return quantized(place_.h, step % 2); }
  QuantizedRows levels_after(int64_t step) const { return quantized(place_.h, (step + 1) % 2); }

  void start(Range rows) noexcept;
  void start_state(int64_t row) const noexcept;
  float* from_x(int64_t chunk) const;
  RowLinearRows inputs_of(int64_t chunk, const Crew& crew) const;
  void prepare_inputs(int64_t chunk, const Crew& crew) const noexcept;
  void copy_levels(const uint8_t* from, int64_t count, uint32_t flip, uint8_t* to) const noexcept;
  void multiply_inputs(int64_t chunk, Range blocks, const Crew& crew) const noexcept;
  template <class Source>
  QuantizedRows quantize_rows(const PackedRowLinear& reader, const RowsPlace& place, int64_t step, const Crew& crew,
                              Source source) const noexcept;
  void advance(int64_t step, const QuantizedRows& before, Range blocks, InputsAhead& ahead,
               const Crew& crew) const noexcept;
  void advance_tile(int64_t step, const QuantizedRows& before, int64_t block, Range rows, bool starting,
                    InputsAhead& ahead, const Crew& crew) const noexcept;
  void project(int64_t step, const Crew& crew) const noexcept;
  void project_tile(int64_t step, const QuantizedRows& from, int64_t panel, Range rows,
                    const Crew& crew) const noexcept;
  void store_levels(const float* h, int64_t stride, int64_t step, Range rows, Range columns) const noexcept;
  void end(Range rows) const noexcept;

  const RecurrentLayer& layer_;
  std::span<const Tensor> inputs_, outputs_;
  const Tensor& x_;
  const Tensor& y_;
  const Tensor& scratch_;
  int64_t times_, n_;
  RecurrentScratch place_;
  RecurrentLengths lengths_;
  int64_t panels_;  // of a block
};

}  // namespace octavo
