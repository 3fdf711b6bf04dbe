#include "engine/operators/recurrent_step.h"

#include <algorithm>

namespace octavo {
namespace {

// Enough rows for the input's product to run at full speed, few enough for its results to stay in the cache.
constexpr int64_t kChunkRows = 64;
// Rows of a tile of products that wait for their gates: a few kilobytes on the stack.
constexpr int64_t kTileRows = 16;
constexpr int64_t kMostGates = 4;

int64_t rounded_up(int64_t bytes) { return (bytes + 63) / 64 * 64; }

template <class T>
T* at(const Tensor& scratch, int64_t offset) {
  return reinterpret_cast<T*>(scratch.data + offset);
}

// Calls each(first row, number of rows) for tiles of nearly equal height.
template <class Each>
void for_each_tile(int64_t rows, int64_t most, Each each) {
  const int64_t tiles = (rows + most - 1) / most;
  for (int64_t i = 0; i < tiles; ++i) each(rows * i / tiles, rows * (i + 1) / tiles - rows * i / tiles);
}

}  // namespace

RecurrentScratch::RecurrentScratch(const RecurrentLayer& layer, const Shape& x) {
  const int64_t times = x.dim[0], n = x.dim[1];
  chunk = std::clamp<int64_t>(kChunkRows / n, 1, times);
  const auto take = [&](int64_t size) {
    const int64_t start = bytes;
    bytes += rounded_up(size);
    return start;
  };
  constexpr auto kQParams = static_cast<int64_t>(sizeof(RowQParams));
  take(chunk * n * layer.input.row_bytes());
  x_qparams = take(chunk * n * kQParams);
  from_x = take(chunk * n * layer.blocks() * layer.block_width() * item_size(DType::f32));
  h = take(n * layer.state.row_bytes());
  h_qparams = take(n * kQParams);
}

RecurrentStep::RecurrentStep(const RecurrentLayer& layer, std::span<const Tensor> inputs,
                             std::span<const Tensor> outputs)
    : layer_(layer),
      inputs_(inputs),
      outputs_(outputs),
      x_(inputs[0]),
      y_(outputs[0]),
      scratch_(outputs[1 + layer.states]),
      times_(x_.shape.dim[0]),
      n_(x_.shape.dim[1]),
      place_(layer, x_.shape) {}

void RecurrentStep::run_phases(int thread, int threads, Barrier& barrier) noexcept {
  const Range rows = share(n_, thread, threads), blocks = share(layer_.blocks(), thread, threads);
  start_states(rows);
  Rows before = rows_of(outputs_[1]);
  for (int64_t first = 0; first < times_; first += place_.chunk) {
    const int64_t steps = std::min(place_.chunk, times_ - first);
    quantize_inputs(first, share(steps * n_, thread, threads));
    barrier.wait();
    multiply_inputs(steps, blocks);
    for (int64_t step = first; step < first + steps; ++step) {
      quantize_state(before, rows);
      barrier.wait();
      advance(step, before, blocks);
      before = at_time(y_, step);
      if (step + 1 < times_) barrier.wait();
    }
  }
  end_state(blocks);
}

RecurrentStep::Rows RecurrentStep::at_time(const Tensor& tensor, int64_t step) const {
  const int64_t time = layer_.reverse ? times_ - 1 - step : step;
  return {reinterpret_cast<float*>(tensor.data + time * tensor.stride[0]), tensor.stride[1] / item_size(DType::f32)};
}

// The outputs for the states at the end hold those at the start until then.
void RecurrentStep::start_states(Range rows) const noexcept {
  for (int64_t s = 1; s <= layer_.states; ++s) {
    const Rows to = rows_of(outputs_[s]);
    for (int64_t row = rows.first; row < rows.last; ++row) {
      if (inputs_.size() == 1) {
        std::fill_n(to.data + row * to.stride, layer_.hidden, 0.0f);
      } else {
        const Rows from = rows_of(inputs_[s]);
        std::copy_n(from.data + row * from.stride, layer_.hidden, to.data + row * to.stride);
      }
    }
  }
}

void RecurrentStep::quantize_inputs(int64_t first_step, Range rows) const noexcept {
  for (int64_t first = rows.first; first < rows.last;) {
    const int64_t step = first / n_, row = first % n_, count = std::min(rows.last - first, n_ - row);
    const Rows x = at_time(x_, first_step + step);
    layer_.input.kernels->quantize({.x = x.data + row * x.stride,
                                    .x_stride = x.stride,
                                    .rows = count,
                                    .k = layer_.input.k,
                                    .q = scratch_.data + first * layer_.input.row_bytes(),
                                    .q_stride = layer_.input.row_bytes(),
                                    .qparams = at<RowQParams>(scratch_, place_.x_qparams) + first});
    first += count;
  }
}

void RecurrentStep::multiply_inputs(int64_t steps, Range blocks) const noexcept {
  const RowLinearRows rows{.m = steps * n_,
                           .q = scratch_.data,
                           .q_stride = layer_.input.row_bytes(),
                           .qparams = at<RowQParams>(scratch_, place_.x_qparams),
                           .y = at<float>(scratch_, place_.from_x),
                           .y_stride = layer_.blocks() * layer_.block_width()};
  const RowLinearKernels& kernels = *layer_.input.kernels;
  const int64_t panels = layer_.block_width() / kernels.nr;
  for (int64_t panel = blocks.first * panels; panel < blocks.last * panels; ++panel)
    for_each_tile(rows.m, kernels.mr,
                  [&](int64_t first, int64_t count) { kernels.run[count](tile_of(layer_.input, rows, panel, first)); });
}

void RecurrentStep::quantize_state(Rows h, Range rows) const noexcept {
  layer_.state.kernels->quantize({.x = h.data + rows.first * h.stride,
                                  .x_stride = h.stride,
                                  .rows = rows.last - rows.first,
                                  .k = layer_.hidden,
                                  .q = scratch_.data + place_.h + rows.first * layer_.state.row_bytes(),
                                  .q_stride = layer_.state.row_bytes(),
                                  .qparams = at<RowQParams>(scratch_, place_.h_qparams) + rows.first});
}

// Forth and back in turns: what the cache could not hold is then what was needed longest ago.
void RecurrentStep::advance(int64_t step, Rows before, Range blocks) const noexcept {
  for (int64_t i = blocks.first; i < blocks.last; ++i)
    advance_block(step, before, step % 2 == 0 ? i : blocks.first + blocks.last - 1 - i);
}

void RecurrentStep::advance_block(int64_t step, Rows before, int64_t block) const noexcept {
  const RowLinearRows rows{.m = n_,
                           .q = scratch_.data + place_.h,
                           .q_stride = layer_.state.row_bytes(),
                           .qparams = at<RowQParams>(scratch_, place_.h_qparams)};
  const RowLinearKernels& kernels = *layer_.state.kernels;
  const int64_t width = layer_.block_width(), panels = width / kernels.nr, unit = block * kUnitBlock;
  const int64_t from_x_stride = layer_.blocks() * width;
  const float* from_x = at<float>(scratch_, place_.from_x) + step % place_.chunk * n_ * from_x_stride + block * width;
  const Rows cell = rows_of(outputs_[layer_.states]), y = at_time(y_, step);
  for_each_tile(n_, std::min<int64_t>(kernels.mr, kTileRows), [&](int64_t row, int64_t count) {
    alignas(64) float from_h[kTileRows * kMostGates * kUnitBlock];
    for (int64_t i = 0; i < panels; ++i) {
      RowLinearTile tile = tile_of(layer_.state, rows, block * panels + i, row);
      tile.y = from_h + i * kernels.nr;
      tile.y_stride = width;
      kernels.run[count](tile);
    }
    layer_.finish_gates({.rows = count,
                         .units = std::min<int64_t>(kUnitBlock, layer_.hidden - unit),
                         .from_x = from_x + row * from_x_stride,
                         .from_x_stride = from_x_stride,
                         .from_h = from_h,
                         .from_h_stride = width,
                         .h_before = before.data + row * before.stride + unit,
                         .h_before_stride = before.stride,
                         .c = cell.data + row * cell.stride + unit,
                         .c_stride = cell.stride,
                         .h = y.data + row * y.stride + unit,
                         .h_stride = y.stride});
  });
}

void RecurrentStep::end_state(Range blocks) const noexcept {
  const int64_t first = blocks.first * kUnitBlock, last = std::min(blocks.last * kUnitBlock, layer_.hidden);
  const Rows from = at_time(y_, times_ - 1), to = rows_of(outputs_[1]);
  for (int64_t row = 0; row < n_ && first < last; ++row)
    std::copy_n(from.data + row * from.stride + first, last - first, to.data + row * to.stride + first);
}

}  // namespace octavo
