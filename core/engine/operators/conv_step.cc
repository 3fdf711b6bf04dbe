#include "engine/operators/conv_step.h"

#include <algorithm>
#include <utility>

#include "engine/scoped_registers.h"

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

// Pixels that a panel takes at once: whole tiles of 3, 6, 12, 14 and 28. What is left after them joins them if it is
// not more than a tile of 14.
constexpr int64_t kPixels = 168, kFewPixels = 14, kMostPixels = kPixels + kFewPixels;

// All of them are to be moved by as many bytes.
struct Addresses {
  const uint8_t* x[kMostPixels];
  uint8_t* y[kMostPixels];
  const uint8_t* residual[kMostPixels];
  int64_t x_shift = 0, y_shift = 0, residual_shift = 0;
  int64_t first = 0, count = 0;  // of pixels that lie evenly: those that are here when nothing is moved
};

// How many of `left` pixels come next, `most` or all of them.
int64_t next_part(int64_t left, int64_t most) { return left <= most + kFewPixels ? left : most; }

// Weights of a panel that stay in the first-level cache beside the pixels, and the steps of the narrowest such panel.
constexpr int64_t kShortBytes = 24 * 1024, kShortSteps = kShortBytes / (4 * 16);

// How many of `count` pixels the row's stream takes.
int64_t stream_pixels(const ConvRow& row, const ConvTile& tile, int64_t count) {
  if (row.stream == nullptr || tile.all_steps < row.stream->least_steps || 4 * tile.all_steps * row.nr > kShortBytes ||
      !tile.out->is_plain || tile.x_flip != 0)
    return 0;
  return count - count % row.stream->pixels;
}

void shift(const Addresses& pixels, ConvTile& tile) {
  tile.x_offset += pixels.x_shift;
  tile.y_offset += pixels.y_shift;
  tile.residual_offset += pixels.residual_shift;
}

void set_pixels(const Addresses& pixels, int64_t first, ConvTile& tile) {
  tile.x = pixels.x + first;
  tile.y = pixels.y + first;
  if (tile.residual != nullptr) tile.residual = pixels.residual + first;
}

// Tiles are of nearly equal height.
void run_tiles(const ConvRow& row, const Addresses& pixels, int64_t count, ConvTile& tile) {
  int64_t i = stream_pixels(row, tile, count);
  if (i > 0) {
    tile.pixels = i;
    set_pixels(pixels, 0, tile);
    row.stream->run(tile);
  }
  if (i == count) return;
  const int64_t tiles = (count - i + row.mr - 1) / row.mr, size = (count - i) / tiles, larger = (count - i) % tiles;
  for (int64_t t = 0; t < tiles; ++t) {
    const int64_t rows = t < larger ? size + 1 : size;
    set_pixels(pixels, i, tile);
    row.run[rows](tile);
    i += rows;
  }
}

}  // namespace

// Walks a grid along its innermost axis, which is most often the only one.
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

  void take(int64_t count, Addresses& pixels) {
    if (grid_->rank_ <= 1) return take_evenly(count, pixels);
    const int inner = grid_->rank_ - 1;
    const PixelGrid::Axis axis = grid_->axis_[inner];
    for (int64_t i = 0; i < count;) {
      const int64_t part = std::min(count - i, axis.size - index_[inner]);
      spread(axis, i, part, pixels);
      index_[inner] += part;
      move(axis, part);
      i += part;
      for (int a = inner; a >= 0 && index_[a] == grid_->axis_[a].size; --a) {
        index_[a] = 0;
        move(grid_->axis_[a], -grid_->axis_[a].size);
        if (a == 0) break;
        ++index_[a - 1];
        move(grid_->axis_[a - 1], 1);
      }
    }
  }

 private:
  // The addresses that are there already serve pixels further on: to find those of a pixel takes as long as some
  // products of it.
  void take_evenly(int64_t count, Addresses& pixels) {
    constexpr PixelGrid::Axis kOnePixel = {1, 0, 0, 0};
    const PixelGrid::Axis axis = grid_->rank_ == 0 ? kOnePixel : grid_->axis_[0];
    if (pixels.count < count) {
      spread(axis, 0, count, pixels);
      pixels.first = index_[0];
      pixels.count = count;
    }
    const int64_t ahead = index_[0] - pixels.first;
    pixels.x_shift = ahead * axis.x;
    pixels.y_shift = ahead * axis.y;
    pixels.residual_shift = ahead * axis.residual;
    index_[0] += count;
    move(axis, count);
  }

  void spread(const PixelGrid::Axis& axis, int64_t first, int64_t count, Addresses& pixels) const {
    spread(x_, axis.x, count, pixels.x + first);
    spread(y_, axis.y, count, pixels.y + first);
    if (residual_ != nullptr) spread(residual_, axis.residual, count, pixels.residual + first);
  }

  template <class Byte>
  static void spread(Byte* first, int64_t step, int64_t count, Byte** to) {
    for (int64_t i = 0; i < count; ++i) to[i] = first + i * step;
  }

  void move(const PixelGrid::Axis& axis, int64_t steps) {
    x_ += axis.x * steps;
    y_ += axis.y * steps;
    if (residual_ != nullptr) residual_ += axis.residual * steps;
  }

  const PixelGrid* grid_;
  int64_t index_[kMaxRank] = {};
  const uint8_t* x_;
  uint8_t* y_;
  const uint8_t* residual_;
};

ConvStep::ConvStep(const ConvLayer& layer, const PixelGrid& grid, Window window, const Tensor* x,
                   const Tensor* residual, const Tensor* y)
    : layer_(layer), grid_(grid), window_(std::move(window)), x_(x), residual_(residual), y_(y) {
  if (static_cast<int64_t>(window_.segments.size()) * window_.steps > kShortSteps) return;
  for (const int64_t segment : window_.segments)
    for (int64_t step = 0; step < window_.steps; ++step) short_window_.push_back(segment + 4 * step);
}

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
    // Rows of x that are side by side were likely written by the thread that reads them; of the whole of it, only some.
    const double others = x_bytes * static_cast<double>(across - 1) / across;
    const double cost = rows * weights / 64 + (weights + x_bytes) / 16 + others;
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
  tile.step = short_window_.data();
  tile.all_steps = static_cast<int64_t>(short_window_.size());
  tile.out = &layer_.out;
  return tile;
}

void ConvStep::set_panel(const ConvPanel& panel, ConvTile& tile) const {
  tile.x_offset = panel.x_offset;
  tile.weight = reinterpret_cast<const int8_t*>(layer_.packed.weight.data()) + panel.weight;
  tile.excess = layer_.packed.excess.data() + panel.excess;
  tile.bias = layer_.packed.bias.data() + panel.lane;
  tile.multiplier = layer_.packed.multiplier.data() + panel.lane;
  tile.y_offset = panel.channel * layer_.y_item;
  tile.residual_offset = panel.channel;
  tile.channels = panel.channels;
}

// Pixels are taken in blocks, all of a block's tiles by one panel after the other. Where all weights stay in the cache
// a block is short, so that pixels are read and written once and a panel's weights stay in the first-level cache for
// all of its tiles; else it is as long as leaves its part of x in the cache, and weights are read once a block.
int64_t ConvStep::block_pixels(int64_t pixels, Range panels) const {
  const PackedConv& packed = layer_.packed;
  const ConvWalk& walk = layer_.walk;
  const int64_t cache = conv_block_bytes();
  const auto count = static_cast<int64_t>(packed.panels.size());
  const int64_t weight_bytes = static_cast<int64_t>(packed.weight.size()) * 64 * (panels.last - panels.first) / count;
  if (panels.last - panels.first == 1 || walk.order == ConvWalk::Order::weights_once) return pixels;
  if (walk.order == ConvWalk::Order::pixels_once) return packed.mr;
  if (weight_bytes <= cache) return kPixels;
  const int64_t x_bytes = std::max<int64_t>(1, x_->shape.elements() / grid_.pixels());  // of a pixel
  return std::max<int64_t>(cache / x_bytes, packed.mr);
}

void ConvStep::run(int thread, int threads) noexcept {
  const Share mine = share_of(thread, threads);
  int64_t left = mine.pixels.last - mine.pixels.first;
  if (left == 0 || mine.panels.first == mine.panels.last) return;
  const int64_t block = block_pixels(left, mine.panels);
  const uint8_t* residual = residual_ == nullptr ? nullptr : residual_->data;
  Addresses pixels;
  ScopedRegisters registers;
  ConvTile tile = tile_of_layer();
  tile.registers = &registers;
  tile.residual = residual_ == nullptr ? nullptr : pixels.residual;
  PixelCursor begin(grid_, x_->data + window_.origin, y_->data, residual, mine.pixels.first), end = begin;
  for (int64_t count; left > 0; left -= count, begin = end) {
    count = next_part(left, block);
    const bool at_once = count <= kMostPixels;
    if (at_once) end.take(count, pixels);
    for (int64_t p = mine.panels.first; p < mine.panels.last; ++p) {
      const ConvPanel& panel = layer_.packed.panels[static_cast<size_t>(p)];
      if (at_once) {
        set_panel(panel, tile);
        shift(pixels, tile);
        run_tiles(*panel.row, pixels, count, tile);
        continue;
      }
      end = begin;
      for (int64_t rest = count, part; rest > 0; rest -= part) {
        part = next_part(rest, kPixels);
        end.take(part, pixels);
        set_panel(panel, tile);
        shift(pixels, tile);
        run_tiles(*panel.row, pixels, part, tile);
      }
    }
  }
}

}  // namespace octavo
