#include "engine/operators/conv_step.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace octavo {

void PixelGrid::append(int64_t size, int64_t x, int64_t y, int64_t residual) {
  if (size == 1) return;
  if (rank_ > 0) {
    Axis& last = axis_[rank_ - 1];
    if (last.x == x * size && last.y == y * size && last.residual == residual * size) {
      last = {last.size * size, x, y, residual};
      return;
    }
  }
  axis_[rank_++] = {size, x, y, residual};
}

int64_t PixelGrid::pixels() const {
  int64_t count = 1;
  for (int a = 0; a < rank_; ++a) count *= axis_[a].size;
  return count;
}

// Walks a grid pixel by pixel and keeps the addresses of the last few.
class PixelCursor {
 public:
  PixelCursor(const PixelGrid& grid, const uint8_t* x, uint8_t* y, const uint8_t* residual, int64_t first)
      : grid_(&grid), x_(x), y_(y), residual_(residual) {
    for (int a = grid.rank_ - 1; a >= 0; --a) {
      const PixelGrid::Axis& axis = grid.axis_[a];
      index_[a] = first % axis.size;
      first /= axis.size;
      move(axis, index_[a]);
    }
  }

  void take(int count, ConvTile& tile) {
    for (int i = 0; i < count; ++i) {
      xs_[i] = x_;
      ys_[i] = y_;
      residuals_[i] = residual_;
      advance();
    }
    tile.x = xs_;
    tile.y = ys_;
    tile.residual = residual_ == nullptr ? nullptr : residuals_;
  }

 private:
  void move(const PixelGrid::Axis& axis, int64_t steps) {
    x_ += axis.x * steps;
    y_ += axis.y * steps;
    if (residual_ != nullptr) residual_ += axis.residual * steps;
  }

  void advance() {
    for (int a = grid_->rank_ - 1; a >= 0; --a) {
      const PixelGrid::Axis& axis = grid_->axis_[a];
      move(axis, 1);
      if (++index_[a] < axis.size) return;
      index_[a] = 0;
      move(axis, -axis.size);
    }
  }

  const PixelGrid* grid_;
  int64_t index_[kMaxRank] = {};
  const uint8_t* x_;
  uint8_t* y_;
  const uint8_t* residual_;
  const uint8_t* xs_[kConvMaxRows];
  uint8_t* ys_[kConvMaxRows];
  const uint8_t* residuals_[kConvMaxRows];
};

ConvStep::ConvStep(const ConvLayer& layer, const PixelGrid& grid, Window window, const Tensor* x,
                   const Tensor* residual, const Tensor* y)
    : layer_(layer), grid_(grid), window_(std::move(window)), x_(x), residual_(residual), y_(y) {}

// Threads share pixels, panels or both: whatever gives the slowest thread the least to multiply and to read.
ConvStep::Share ConvStep::share_of(int thread, int threads) const {
  const PackedConv& packed = layer_.packed;
  const auto panels = static_cast<int64_t>(packed.panels.size());
  const int64_t pixels = grid_.pixels();
  const int64_t weight_bytes = static_cast<int64_t>(packed.weight.size()) * 64;
  int best = 1;
  double least = 0;
  for (int across = 1; across <= threads; ++across) {  // threads side by side in the panels
    if (threads % across != 0) continue;
    const int64_t along = threads / across;
    const auto rows = static_cast<double>((pixels + along - 1) / along);
    const double weights = static_cast<double>((panels + across - 1) / across * weight_bytes / panels);
    const double x_bytes = static_cast<double>(x_->shape.elements()) / static_cast<double>(along);
    const double cost = rows * weights / 64 + (weights + x_bytes) / 16;
    if (across == 1 || cost < least) {
      best = across;
      least = cost;
    }
  }
  return {share(pixels, thread / best, threads / best), share(panels, thread % best, best)};
}

int64_t ConvStep::tiles_in_block(const Share& /*mine*/) const {
  static const char* e = getenv("BLOCK");
  return e ? atoi(e) : 1;
}

void ConvStep::run(int thread, int threads) noexcept {
  const PackedConv& packed = layer_.packed;
  const Share mine = share_of(thread, threads);
  const int64_t count = mine.pixels.last - mine.pixels.first;
  if (count == 0 || mine.panels.first == mine.panels.last) return;
  const int64_t tiles = (count + packed.mr - 1) / packed.mr;  // of nearly equal height
  const int64_t block = tiles_in_block(mine);

  ConvTile tile;
  tile.x_flip = layer_.x_flip;
  tile.segment = window_.segments.data();
  tile.segments = static_cast<int64_t>(window_.segments.size());
  tile.steps = window_.steps;
  tile.out = &layer_.out;
  const uint8_t* residual = residual_ == nullptr ? nullptr : residual_->data;
  PixelCursor begin(grid_, x_->data + window_.origin, y_->data, residual, mine.pixels.first);
  for (int64_t first = 0; first < tiles; first += block) {
    const int64_t last = std::min(tiles, first + block);
    PixelCursor cursor = begin;
    for (int64_t p = mine.panels.first; p < mine.panels.last; ++p) {
      const ConvPanel& panel = packed.panels[static_cast<size_t>(p)];
      tile.x_offset = panel.x_offset;
      tile.weight = packed.weight.data()->byte + panel.weight;
      tile.bias = packed.bias.data() + panel.lane;
      tile.multiplier = packed.multiplier.data() + panel.lane;
      tile.y_offset = panel.channel * layer_.y_item;
      tile.residual_offset = panel.channel;
      tile.channels = panel.channels;
      const bool again = block == 1 && p > mine.panels.first;  // the pixels of the panel before
      if (!again) cursor = begin;
      for (int64_t t = first; t < last; ++t) {
        const int rows = static_cast<int>(count * (t + 1) / tiles - count * t / tiles);
        if (!again) cursor.take(rows, tile);
        panel.row->run[rows](tile);
      }
    }
    begin = cursor;
  }
}

}  // namespace octavo
