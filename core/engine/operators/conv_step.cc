#include "engine/operators/conv_step.h"

#include <algorithm>
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

namespace {

// The addresses of a tile's pixels.
struct TilePixels {
  const uint8_t* x[kConvMaxRows];
  uint8_t* y[kConvMaxRows];
  const uint8_t* residual[kConvMaxRows];
};

}  // namespace

// Walks a grid pixel by pixel.
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

  void take(int count, TilePixels& pixels) {
    for (int i = 0; i < count; ++i) {
      pixels.x[i] = x_;
      pixels.y[i] = y_;
      pixels.residual[i] = residual_;
      advance();
    }
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
  if (layer_.walk.split != ConvWalk::Split::best) {
    const bool by_panels = layer_.walk.split == ConvWalk::Split::panels;
    return {by_panels ? Range{0, pixels} : share(pixels, thread, threads),
            by_panels ? share(panels, thread, threads) : Range{0, panels}};
  }
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

// What a tile shares with all tiles of the layer, and what it gets from its panel.
ConvTile ConvStep::tile_of_layer() const {
  ConvTile tile;
  tile.x_flip = layer_.x_flip;
  tile.segment = window_.segments.data();
  tile.segments = static_cast<int64_t>(window_.segments.size());
  tile.steps = window_.steps;
  tile.out = &layer_.out;
  return tile;
}

void ConvStep::set_panel(const ConvPanel& panel, ConvTile& tile) const {
  tile.x_offset = panel.x_offset;
  tile.weight = reinterpret_cast<const int8_t*>(layer_.packed.weight.data()) + panel.weight;
  tile.bias = layer_.packed.bias.data() + panel.lane;
  tile.multiplier = layer_.packed.multiplier.data() + panel.lane;
  tile.y_offset = panel.channel * layer_.y_item;
  tile.residual_offset = panel.channel;
  tile.channels = panel.channels;
}

// Tiles are taken in blocks, all of a block's tiles by one panel after the other. Weights that stay in the cache are
// best read anew for each tile, so that pixels are read and written once; others only once in as many tiles as leave
// their part of x in the cache.
int64_t ConvStep::tiles_in_block(int64_t tiles, Range panels) const {
  const PackedConv& packed = layer_.packed;
  const ConvWalk& walk = layer_.walk;
  const int64_t cache = conv_block_bytes();
  const auto count = static_cast<int64_t>(packed.panels.size());
  const int64_t weight_bytes = static_cast<int64_t>(packed.weight.size()) * 64 * (panels.last - panels.first) / count;
  if (panels.last - panels.first == 1 || walk.order == ConvWalk::Order::weights_once) return tiles;
  if (walk.order == ConvWalk::Order::pixels_once || weight_bytes <= cache) return 1;
  const int64_t x_bytes = std::max<int64_t>(1, x_->shape.elements() * packed.mr / grid_.pixels());  // of a tile
  return std::clamp<int64_t>(cache / x_bytes, 1, tiles);
}

void ConvStep::run(int thread, int threads) noexcept {
  const PackedConv& packed = layer_.packed;
  const Share mine = share_of(thread, threads);
  const int64_t count = mine.pixels.last - mine.pixels.first;
  if (count == 0 || mine.panels.first == mine.panels.last) return;
  const int64_t tiles = (count + packed.mr - 1) / packed.mr;
  const auto rows = [&](int64_t t) {  // tiles are of nearly equal height
    return static_cast<int>(count * (t + 1) / tiles - count * t / tiles);
  };
  const int64_t block = tiles_in_block(tiles, mine.panels);

  ConvTile tile = tile_of_layer();
  TilePixels pixels;
  tile.x = pixels.x;
  tile.y = pixels.y;
  tile.residual = residual_ == nullptr ? nullptr : pixels.residual;
  const uint8_t* residual = residual_ == nullptr ? nullptr : residual_->data;
  PixelCursor begin(grid_, x_->data + window_.origin, y_->data, residual, mine.pixels.first);
  for (int64_t first = 0; first < tiles; first += block) {
    const int64_t last = std::min(tiles, first + block);
    PixelCursor cursor = begin;
    if (block == 1) cursor.take(rows(first), pixels);
    for (int64_t p = mine.panels.first; p < mine.panels.last; ++p) {
      const ConvPanel& panel = packed.panels[static_cast<size_t>(p)];
      set_panel(panel, tile);
      if (block == 1) {
        panel.row->run[rows(first)](tile);
        continue;
      }
      cursor = begin;
      for (int64_t t = first; t < last; ++t) {
        cursor.take(rows(t), pixels);
        panel.row->run[rows(t)](tile);
      }
    }
    begin = cursor;
  }
}

}  // namespace octavo
