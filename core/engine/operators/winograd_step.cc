#include "engine/operators/winograd_step.h"

#include <algorithm>

#include "engine/layout.h"

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
                           const Tensor* residual, const Tensor* y, const Tensor* scratch)
    : layer_(layer),
      tiles_(y->shape),
      origin_(window.origin(*x)),
      x_(x),
      residual_(residual),
      y_(y),
      scratch_(scratch) {
  for (const WinogradBlock& block : tiles_.blocks) blocks_.push_back(count(block));
}

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

void WinogradStep::run_together(int thread, int threads, Barrier& barrier) noexcept {
  if (shares_rows(threads)) {
    const Range mine = share(static_cast<int64_t>(tiles_.rows.size()), thread, threads);
    return run_rows(mine, scratch_->data + thread * tiles_.bytes_alone(layer_.packed));
  }
  for (const Counted& counted : blocks_) run_block(counted, thread, threads, barrier);
}

// Whether each thread takes rows of tiles for itself, so that nothing that one has written is read by another: where
// the rows divide well, and there are no weights to transform, which each would have to do.
bool WinogradStep::shares_rows(int threads) const {
  const auto rows = static_cast<int64_t>(tiles_.rows.size()), most = (rows + threads - 1) / threads;
  return threads > 1 && !layer_.packed.u.empty() && 8 * rows >= 7 * threads * most &&
         threads * tiles_.bytes_alone(layer_.packed) <= scratch_->shape.elements();
}

void WinogradStep::run_rows(Range rows, uint8_t* memory) const {
  const Memory mine = {
      .v = memory, .u = nullptr, .m = reinterpret_cast<int32_t*>(memory + tiles_.v_bytes(layer_.packed))};
  for (int64_t first = rows.first; first < rows.last; first += tiles_.most_rows) {
    const Range taken = {first, std::min(first + tiles_.most_rows, rows.last)};
    for (const Range& columns : tiles_.column_parts) {
      const Counted counted = count({taken, columns});
      const Range all = {0, counted.block.row_count()};
      transform_inputs(counted, mine.v, 0, 1);
      for (int64_t panel = 0; panel < layer_.packed.panels; ++panel) {
        multiply(counted, panel, all, mine);
        transform_outputs(counted, panel, all, mine.m);
      }
    }
  }
}

// All threads fill V, then each takes its share of the panels' rows. M begins where those rows do: no two threads'
// meet, and one thread's stays where it is. So does U: as no more threads take part than there are panels, each begins
// in a panel of its own.
void WinogradStep::run_block(const Counted& counted, int thread, int threads, Barrier& barrier) const {
  const PackedWinograd& packed = layer_.packed;
  uint8_t* m_begin = scratch_->data + tiles_.v_bytes(packed);
  uint8_t* u_begin = m_begin + packed.panels * tiles_.most_rows * tiles_.m_bytes_of_row();
  const int parts = packed.u.empty() ? static_cast<int>(std::min<int64_t>(threads, packed.panels)) : threads;
  transform_inputs(counted, scratch_->data, thread, threads);
  barrier.wait();
  const int64_t rows = counted.block.row_count();
  const Range mine = thread < parts ? share(packed.panels * rows, thread, parts) : Range{0, 0};
  const Memory memory = {.v = scratch_->data,
                         .u = reinterpret_cast<int16_t*>(u_begin + mine.first / rows * WinogradTiles::u_bytes(packed)),
                         .m = reinterpret_cast<int32_t*>(m_begin + mine.first * tiles_.m_bytes_of_row())};
  for (int64_t at = mine.first; at < mine.last;) {
    const int64_t panel = at / rows;
    const Range part = {at % rows, std::min(mine.last - panel * rows, rows)};
    multiply(counted, panel, part, memory);
    transform_outputs(counted, panel, part, memory.m);
    at += part.last - part.first;
  }
  barrier.wait();
}

void WinogradStep::transform_inputs(const Counted& counted, uint8_t* v, int thread, int threads) const {
  const WinogradBlock& block = counted.block;
  const int64_t columns = block.column_count();
  const Range mine = share(block.row_count() * columns, thread, threads);
  WinogradInput in;
  in.row = spatial_stride(*x_, 1);
  in.column = spatial_stride(*x_, 2);
  in.flip = layer_.x_flip;
  in.chunks = layer_.packed.chunks;
  in.v_point = kPoints * tiles_.v_point(layer_.packed);
  in.v_chunk = tiles_.v_chunk();
  for (int64_t tile = mine.first; tile < mine.last; ++tile) {
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
