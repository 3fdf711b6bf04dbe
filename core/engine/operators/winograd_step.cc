#include "engine/operators/winograd_step.h"

#include <algorithm>

#include "engine/layout.h"
#include "threads/own_memory.h"

namespace octavo {
namespace {

constexpr int kPoints = kWinogradPoints;

// The bytes from a tensor's first element to the first one of a tile.
int64_t place_of(const Tensor& tensor, const WinogradRun& row, const WinogradRun& column) {
  return row.image * tensor.stride[0] + row.first * spatial_stride(tensor, 1) +
         column.first * spatial_stride(tensor, 2);
}

}  // namespace

WinogradStep::WinogradStep(const WinogradLayer& layer, const ConvWindow& window, const Tensor* x,
                           const Tensor* residual, const Tensor* y)
    : layer_(layer), tiles_(y->shape), origin_(window.origin(*x)), x_(x), residual_(residual), y_(y) {}

WinogradStep::Counted WinogradStep::count(const WinogradBlock& block) const {
  Counted counted = {block, {}, {}};
  for (int p = 0; p < kPoints; ++p) {
    counted.rows[p] = tiles_.rows_with(block, p);
    counted.columns[p] = tiles_.columns_with(block, p);
  }
  return counted;
}

int16_t* WinogradStep::v_of(uint8_t* v, int p, int q) const {
  return reinterpret_cast<int16_t*>(v) + (p * kPoints + q) * tiles_.v_point(layer_.packed);
}

void WinogradStep::run(int thread, int threads) noexcept {
  const WinogradShare mine(tiles_, layer_.packed, thread, threads);
  const Range rows = mine.rows();
  uint8_t* m = own_memory + tiles_.v_bytes(layer_.packed);
  uint8_t* u = m + tiles_.most_rows * tiles_.m_bytes_of_row();
  const Memory memory = {own_memory, reinterpret_cast<int16_t*>(u), reinterpret_cast<int32_t*>(m)};
  for (int64_t first = rows.first; first < rows.last; first += tiles_.most_rows) {
    const Range taken = {first, std::min(first + tiles_.most_rows, rows.last)};
    for (const Range& columns : tiles_.column_parts) {
      const Counted counted = count({taken, columns});
      transform_inputs(counted, memory.v);
      run_panels(counted, mine, memory);
    }
  }
}

void WinogradStep::run_panels(const Counted& counted, const WinogradShare& mine, const Memory& memory) const {
  for (int64_t pair = 0; pair < mine.pairs(); ++pair) {
    const Range rows = mine.rows_of(pair, counted.block.rows);
    if (rows.first == rows.last) continue;
    for (int64_t panel = 2 * pair; panel < std::min(2 * pair + 2, layer_.packed.panels); ++panel) {
      multiply(counted, panel, rows, memory);
      transform_outputs(counted, panel, rows, memory.m);
    }
  }
}

void WinogradStep::transform_inputs(const Counted& counted, uint8_t* v) const {
  const WinogradBlock& block = counted.block;
  const int64_t columns = block.column_count();
  WinogradInput in;
  in.row = spatial_stride(*x_, 1);
  in.column = spatial_stride(*x_, 2);
  in.flip = layer_.x_flip;
  in.chunks = layer_.packed.chunks;
  in.v_point = kPoints * tiles_.v_point(layer_.packed);
  in.v_chunk = tiles_.v_chunk();
  for (int64_t tile = 0; tile < block.row_count() * columns; ++tile) {
    const int64_t i = tile / columns, j = tile % columns;
    const WinogradRun& row = tiles_.rows[static_cast<size_t>(block.rows.first + i)];
    const WinogradRun& column = tiles_.columns[static_cast<size_t>(block.columns.first + j)];
    in.x = x_->data + origin_ + place_of(*x_, row, column);
    in.rows = row.size;
    in.columns = column.size;
    for (int q = 0; q < in.columns + 2; ++q) in.v[q] = v_of(v, 0, q) + (i * counted.columns[q] + j) * kWinogradChannels;
    layer_.kernel->transform_input(in);
  }
}

// Where a product finds the weights of row `p` of points, which are made if they are neither kept nor made already.
WinogradStep::RowWeights WinogradStep::row_of_weights(int64_t panel, int p, int16_t* u) const {
  const PackedWinograd& packed = layer_.packed;
  if (!packed.u.empty()) return {.u = packed.u_of(panel, p, 0)};
  const int64_t next = WinogradTiles::u_next(packed);
  const WinogradWeights weights = {.w = packed.weight_of(panel), .pairs = packed.pairs, .p = p, .u = u, .next = next};
  if (!packed.makes_columns) {
    layer_.kernel->weights_to_points(weights);
    return {.u = u};
  }
  if (p % kWinogradRows == 0) layer_.kernel->weights_to_columns(weights);
  return {.columns = u + p % kWinogradRows * next};
}

void WinogradStep::multiply(const Counted& counted, int64_t panel, Range rows, const Memory& memory) const {
  static constexpr int32_t kNothing[kWinogradChannels] = {};
  const PackedWinograd& packed = layer_.packed;
  const int64_t m_point = (rows.last - rows.first) * tiles_.m_point_of_row();
  WinogradProduct product;
  product.v_chunk = tiles_.v_chunk();
  product.pairs = packed.pairs;
  for (int p = 0; p < kPoints; ++p) {
    const int64_t last = std::min(rows.last, counted.rows[p]);
    if (last <= rows.first) break;
    const RowWeights weights = row_of_weights(panel, p, memory.u);
    product.columns = weights.columns;
    for (int q = 0; q < kPoints; ++q) {
      const int64_t columns = counted.columns[q];
      if (columns == 0) break;
      product.q = q;
      if (weights.u != nullptr) product.u = weights.u + q * WinogradTiles::u_next(packed);
      product.v = v_of(memory.v, p, q) + rows.first * columns * kWinogradChannels;
      // Point (1, 1) counts once in every output of a tile: what all of them begin with is added there.
      product.start = p == 1 && q == 1 ? packed.start.data() + panel * kWinogradChannels : kNothing;
      product.m = memory.m + (p * kPoints + q) * m_point;
      product.tiles = (last - rows.first) * columns;
      layer_.kernel->multiply(product);
    }
  }
}

void WinogradStep::transform_outputs(const Counted& counted, int64_t panel, Range rows, const int32_t* m) const {
  const int64_t m_point = (rows.last - rows.first) * tiles_.m_point_of_row();
  const int64_t channel = panel * kWinogradChannels;
  WinogradOutput o;
  o.m_point = kPoints * m_point;
  o.multiplier = layer_.packed.multiplier.data() + channel;
  o.y_row = spatial_stride(*y_, 1);
  o.y_column = spatial_stride(*y_, 2);
  o.channels = std::min<int64_t>(kWinogradChannels, layer_.packed.oc - channel);
  o.out = &layer_.out;
  if (residual_ != nullptr) {
    o.residual_row = spatial_stride(*residual_, 1);
    o.residual_column = spatial_stride(*residual_, 2);
  }
  for (int64_t i = rows.first; i < rows.last; ++i) {
    const WinogradRun& row = tiles_.rows[static_cast<size_t>(counted.block.rows.first + i)];
    for (int64_t j = 0; j < counted.block.column_count(); ++j) {
      const WinogradRun& column = tiles_.columns[static_cast<size_t>(counted.block.columns.first + j)];
      o.rows = row.size;
      o.columns = column.size;
      for (int q = 0; q < o.columns + 2; ++q)
        o.m[q] = m + q * m_point + ((i - rows.first) * counted.columns[q] + j) * kWinogradChannels;
      o.y = y_->data + place_of(*y_, row, column) + channel * layer_.y_item;
      if (residual_ != nullptr) o.residual = residual_->data + place_of(*residual_, row, column) + channel;
      layer_.kernel->transform_output(o);
    }
  }
}

}  // namespace octavo
