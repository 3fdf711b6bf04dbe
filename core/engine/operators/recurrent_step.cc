#include "engine/operators/recurrent_step.h"

#include <algorithm>

#include "engine/scoped_registers.h"

namespace octavo {
namespace {

constexpr int64_t kMostGates = 4;

// Calls each(rows) for tiles of nearly equal height.
template <class Each>
void for_each_tile(int64_t first, int64_t rows, int64_t most, Each each) {
  const int64_t tiles = (rows + most - 1) / most;
  for (int64_t i = 0; i < tiles; ++i) each(Range{first + rows * i / tiles, first + rows * (i + 1) / tiles});
}

}  // namespace

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
      place_(layer, x_.shape),
      lengths_(layer.has_lengths ? &inputs.back() : nullptr, times_, layer.reverse),
      panels_(layer.block_width() / layer.state.kernels->nr) {}

void RecurrentStep::run_together(int thread, int threads, Barrier& barrier) noexcept {
  ScopedRegisters registers;
  const Crew crew{thread, threads, barrier, registers};
  const Range rows = crew.of(n_), blocks = crew.of(layer_.blocks());
  start(rows);
  for (int64_t chunk = 0; chunk * place_.chunk < times_; ++chunk) {
    const int64_t first = chunk * place_.chunk, last = std::min(first + place_.chunk, times_);
    const bool was_ahead = place_.ahead && chunk > 0 && last - first == place_.chunk;
    const bool now = !layer_.takes_product && !was_ahead, next = place_.ahead && last + place_.chunk <= times_;
    if (now) prepare_inputs(chunk, crew);
    if (next) prepare_inputs(chunk + 1, crew);
    barrier.wait();
    if (now) multiply_inputs(chunk, blocks, crew);
    InputsAhead ahead;
    if (next) ahead.begin(layer_.input, inputs_of(chunk + 1, crew), {blocks.first * panels_, blocks.last * panels_});
    for (int64_t step = first; step < last; ++step) {
      const auto state = [&](int64_t row, bool starting) {
        const Rows h = state_before(step, starting);
        return Rows{h.bytes(row), h.stride};
      };
      advance(step,
              layer_.state_in_levels() ? levels_before(step) : quantize_rows(layer_.state, place_.h, step, crew, state),
              blocks, ahead, crew);
      if (layer_.projects()) project(step, crew);
      barrier.wait();
    }
    ahead.finish();
  }
  end(rows);
}

RecurrentStep::Rows RecurrentStep::at_time(const Tensor& tensor, int64_t step) const {
  return {tensor.data + (layer_.reverse ? times_ - 1 - step : step) * tensor.stride[0], tensor.stride[1]};
}

// The output for h at the end holds h at the start until then, where it is float32.
RecurrentStep::Rows RecurrentStep::state_before(int64_t step, bool starting) const {
  return starting ? rows_of(outputs_[1]) : at_time(y_, step - 1);
}

RecurrentStep::Rows RecurrentStep::unprojected() const {
  return {scratch_.data + place_.unprojected, layer_.hidden * item_size(DType::f32)};
}

RecurrentStep::QuantizedRows RecurrentStep::quantized(const RowsPlace& place, int64_t copy) const {
  return {scratch_.data + place.levels + copy * place.levels_bytes,
          reinterpret_cast<RowQParams*>(scratch_.data + place.qparams + copy * place.qparams_bytes)};
}

float* RecurrentStep::from_x(int64_t chunk) const {
  return reinterpret_cast<float*>(scratch_.data + place_.from_x + (place_.ahead ? chunk % 2 * place_.from_x_bytes : 0));
}

RowLinearRows RecurrentStep::inputs_of(int64_t chunk, const Crew& crew) const {
  const QuantizedRows x = quantized(place_.x, place_.ahead ? chunk % 2 : 0);
  return {.m = std::min(place_.chunk, times_ - chunk * place_.chunk) * n_,
          .q = x.levels,
          .q_stride = layer_.input.row_bytes(),
          .qparams = x.qparams,
          .y = from_x(chunk),
          .y_stride = layer_.blocks() * layer_.block_width(),
          .registers = &crew.registers};
}

void RecurrentStep::prepare_inputs(int64_t chunk, const Crew& crew) const noexcept {
  const QuantizedRows q = quantized(place_.x, place_.ahead ? chunk % 2 : 0);
  const Range rows = crew.of(inputs_of(chunk, crew).m);
  const int64_t k = layer_.input.k, row_bytes = layer_.input.row_bytes();
  const bool in_levels = is_quantized(layer_.x.dtype);
  const int32_t lowest = in_levels ? quant_min(layer_.x.dtype) : 0;
  for (int64_t first = rows.first; first < rows.last;) {
    const int64_t step = first / n_, row = first % n_, count = std::min(rows.last - first, n_ - row);
    const Rows x = at_time(x_, chunk * place_.chunk + step);
    for (int64_t i = 0; in_levels && i < count; ++i) {
      copy_levels(x.bytes(row + i), k, lowest < 0 ? 0x80u : 0u, q.levels + (first + i) * row_bytes);
      q.qparams[first + i] = {layer_.x.scale, layer_.x.zero_point - lowest};
    }
    if (!in_levels)
      layer_.input.kernels->quantize({.x = x.floats(row),
                                      .x_stride = x.in_floats(),
                                      .rows = count,
                                      .k = k,
                                      .q = q.levels + first * row_bytes,
                                      .q_stride = row_bytes,
                                      .qparams = q.qparams + first});
    first += count;
  }
}

void RecurrentStep::multiply_inputs(int64_t chunk, Range blocks, const Crew& crew) const noexcept {
  const RowLinearRows rows = inputs_of(chunk, crew);
  const RowLinearKernels& kernels = *layer_.input.kernels;
  for (int64_t panel = blocks.first * panels_; panel < blocks.last * panels_; ++panel)
    for_each_tile(0, rows.m, kernels.mr, [&](Range tile) {
      kernels.run[tile.last - tile.first](tile_of(layer_.input, rows, panel, tile.first));
    });
}

// Quantizes the rows that take part in a step, which source(row, starting) finds, for a product with `reader`. Other
// threads may read what they get only where each has done all of it for itself.
template <class Source>
RecurrentStep::QuantizedRows RecurrentStep::quantize_rows(const PackedRowLinear& reader, const RowsPlace& place,
                                                          int64_t step, const Crew& crew,
                                                          Source source) const noexcept {
  const bool privately = n_ <= crew.threads && crew.threads <= kPrivateCopies;
  const QuantizedRows to = quantized(place, privately ? crew.thread : 0);
  const Range rows = privately ? Range{0, n_} : crew.of(n_);
  lengths_.for_each_run(rows, step, [&](int64_t row, int64_t count, bool starting) {
    const Rows from = source(row, starting);
    reader.kernels->quantize({.x = from.floats(0),
                              .x_stride = from.in_floats(),
                              .rows = count,
                              .k = reader.k,
                              .q = to.levels + row * reader.row_bytes(),
                              .q_stride = reader.row_bytes(),
                              .qparams = to.qparams + row});
  });
  if (!privately) crew.barrier.wait();
  return to;
}

// Forth and back in turns: what the cache could not hold is then what was needed longest ago.
void RecurrentStep::advance(int64_t step, const QuantizedRows& before, Range blocks, InputsAhead& ahead,
                            const Crew& crew) const noexcept {
  for (int64_t i = blocks.first; i < blocks.last; ++i) {
    const int64_t block = step % 2 == 0 ? i : blocks.first + blocks.last - 1 - i;
    lengths_.for_each_run({0, n_}, step, [&](int64_t row, int64_t count, bool starting) {
      for_each_tile(row, count, layer_.state.kernels->mr,
                    [&](Range rows) { advance_tile(step, before, block, rows, starting, ahead, crew); });
    });
  }
}

void RecurrentStep::advance_tile(int64_t step, const QuantizedRows& before, int64_t block, Range rows, bool starting,
                                 InputsAhead& ahead, const Crew& crew) const noexcept {
  alignas(64) float from_h[kRowLinearMaxRows * kMostGates * kUnitBlock];
  const int64_t row = rows.first, count = rows.last - rows.first, row_bytes = layer_.state.row_bytes();
  const int64_t width = layer_.block_width(), unit = block * kUnitBlock;
  const RowLinearKernels& kernels = *layer_.state.kernels;
  const RowLinearRows h{
      .m = n_, .q = before.levels, .q_stride = row_bytes, .qparams = before.qparams, .registers = &crew.registers};
  for (int64_t i = 0; i < panels_; ++i) {
    RowLinearTile tile = tile_of(layer_.state, h, block * panels_ + i, row);
    tile.y = from_h + i * kernels.nr;
    tile.y_stride = width;
    if (ahead.is_busy()) {
      tile.columns = width;
      ahead.run_beside(tile, panels_, layer_.state.panel_bytes);
      break;
    }
    kernels.run[count](tile);
  }
  GateTile tile{.rows = count, .units = std::min<int64_t>(kUnitBlock, layer_.hidden - unit), .from_h = from_h};
  tile.from_h_stride = width;
  if (layer_.takes_product) {
    const Rows x = at_time(x_, step);
    tile.from_x = x.floats(row) + unit;
    tile.from_x_stride = x.in_floats();
    tile.from_x_gate = layer_.hidden;
  } else {
    tile.from_x_stride = layer_.blocks() * width;
    tile.from_x = from_x(step / place_.chunk) + (step % place_.chunk * n_ + row) * tile.from_x_stride + block * width;
  }
  if (layer_.states == 2) {
    const Rows cell = rows_of(outputs_[2]);
    tile.c = cell.floats(row) + unit;
    tile.c_stride = cell.in_floats();
  }
  const Rows y = at_time(y_, step);
  if (layer_.state_in_levels() && !layer_.projects()) {
    tile.levels = layer_.levels;
    tile.levels.before = before.levels + row * row_bytes + unit;
    tile.levels.after = levels_after(step).levels + row * row_bytes + unit;
    tile.levels.stride = row_bytes;
    tile.levels.to_y = y.bytes(row) + unit;
    tile.levels.y_stride = y.stride;
  } else {
    const Rows h_before = state_before(step, starting), to = layer_.projects() ? unprojected() : y;
    tile.h_before = h_before.floats(row) + unit;
    tile.h_before_stride = h_before.in_floats();
    tile.h = to.floats(row) + unit;
    tile.h_stride = to.in_floats();
  }
  layer_.finish_gates(tile);
}

void RecurrentStep::project(int64_t step, const Crew& crew) const noexcept {
  crew.barrier.wait();
  const Rows whole = unprojected();
  const auto source = [&](int64_t row, bool) { return Rows{whole.bytes(row), whole.stride}; };
  const QuantizedRows from = quantize_rows(layer_.projection, place_.projected, step, crew, source);
  const Range panels = crew.of(layer_.projection.panels);
  for (int64_t panel = panels.first; panel < panels.last; ++panel)
    lengths_.for_each_run({0, n_}, step, [&](int64_t row, int64_t count, bool) {
      for_each_tile(row, count, layer_.projection.kernels->mr,
                    [&](Range rows) { project_tile(step, from, panel, rows, crew); });
    });
}

void RecurrentStep::project_tile(int64_t step, const QuantizedRows& from, int64_t panel, Range rows,
                                 const Crew& crew) const noexcept {
  alignas(64) float values[kRowLinearMaxRows * kRowLinearMaxOutputs];
  const PackedRowLinear& layer = layer_.projection;
  const int64_t nr = layer.kernels->nr;
  const Rows y = at_time(y_, step);
  const RowLinearRows given{
      .m = n_, .q = from.levels, .q_stride = layer.row_bytes(), .qparams = from.qparams, .registers = &crew.registers};
  RowLinearTile tile = tile_of(layer, given, panel, rows.first);
  tile.y = layer_.state_in_levels() ? values : y.floats(rows.first) + panel * nr;
  tile.y_stride = layer_.state_in_levels() ? nr : y.in_floats();
  layer.kernels->run[rows.last - rows.first](tile);
  if (layer_.state_in_levels()) store_levels(values, nr, step, rows, {panel * nr, panel * nr + tile.columns});
}

// Quantizes rows of h, in which a float is `stride` floats from the one in the next row, to y and to the state.
void RecurrentStep::store_levels(const float* h, int64_t stride, int64_t step, Range rows,
                                 Range columns) const noexcept {
  const Rows y = at_time(y_, step), after{levels_after(step).levels, layer_.state.row_bytes()};
  Requantize levels = layer_.levels.y;
  const auto quantize = [&](const Rows& to) {
    Block block{.rows = rows.last - rows.first, .count = columns.last - columns.first};
    block.data[0] = to.bytes(rows.first) + columns.first;
    block.data[1] = reinterpret_cast<uint8_t*>(const_cast<float*>(h));
    block.row_stride[0] = to.stride;
    block.row_stride[1] = stride * item_size(DType::f32);
    block.stride[0] = 1;
    block.stride[1] = item_size(DType::f32);
    layer_.quantize->quantize(layer_.levels.inverse, levels, block);
  };
  quantize(y);
  levels.flip = 0;
  quantize(after);
}

}  // namespace octavo
