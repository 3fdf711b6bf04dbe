#include "engine/operators/recurrent_scratch.h"

#include <algorithm>

namespace octavo {
namespace {

// Enough rows for the input's product to run at full speed, few enough for its results to stay in the cache.
constexpr int64_t kChunkRows = 64;

int64_t rounded_up(int64_t bytes) { return (bytes + 63) / 64 * 64; }

}  // namespace

RecurrentScratch::RecurrentScratch(const RecurrentLayer& layer, const Shape& x_shape) {
  const int64_t times = x_shape.dim[0], n = x_shape.dim[1];
  const int64_t copies = n <= kPrivateCopies ? kPrivateCopies : 1;
  if (layer.takes_product) {
    chunk = times;
  } else {
    const int64_t beside = layer.input.kernels->beside_rows;
    ahead = n == 1 && beside > 0 && times > beside;
    chunk = ahead ? beside : std::clamp<int64_t>(kChunkRows / n, 1, times);
    x = take_rows(chunk * n, layer.input.row_bytes(), ahead ? 2 : 1);
    from_x_bytes = rounded_up(chunk * n * layer.blocks() * layer.block_width() * item_size(DType::f32));
    from_x = take(from_x_bytes * (ahead ? 2 : 1));
  }
  h = take_rows(n, layer.state.row_bytes(), layer.state_in_levels() ? 2 : copies);
  if (layer.projects()) {
    projected = take_rows(n, layer.projection.row_bytes(), copies);
    unprojected = take(n * layer.hidden * item_size(DType::f32));
  }
}

int64_t RecurrentScratch::take(int64_t size) {
  const int64_t start = bytes;
  bytes += rounded_up(size);
  return start;
}

RowsPlace RecurrentScratch::take_rows(int64_t rows, int64_t row_bytes, int64_t copies) {
  RowsPlace place{.levels_bytes = rounded_up(rows * row_bytes),
                  .qparams_bytes = rounded_up(rows * static_cast<int64_t>(sizeof(RowQParams)))};
  place.levels = take(copies * place.levels_bytes);
  place.qparams = take(copies * place.qparams_bytes);
  return place;
}

}  // namespace octavo
