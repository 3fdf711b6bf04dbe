// Running a convolution or a linear layer: pixels and panels shared out over threads and walked in tiles.
#pragma once

#include <vector>

#include "engine/operators/conv_layer.h"

namespace octavo {

// The output pixels of a layer (for a linear layer its rows): a grid with, for each axis, the bytes from one pixel to
// the next in x, y and the residual.
class PixelGrid {
 public:
  // Axes come outermost first; one that continues the previous one in all three tensors becomes part of it.
  void append(int64_t size, int64_t x, int64_t y, int64_t residual);
  int64_t pixels() const;

 private:
  friend class PixelCursor;
  struct Axis {
    int64_t size, x, y, residual;
  };
  int rank_ = 0;
  Axis axis_[kMaxRank] = {};
};

class ConvStep : public Step {
 public:
  // The window of the first pixel begins at `origin` bytes from x's first element; `residual` may be null.
  struct Window {
    int64_t origin = 0;
    std::vector<int64_t> segments;  // byte offset of each segment from the window's beginning
    int64_t steps = 0;              // length of a segment in units of four bytes
  };
  ConvStep(const ConvLayer& layer, const PixelGrid& grid, Window window, const Tensor* x, const Tensor* residual,
           const Tensor* y);
  void run(int thread, int threads) noexcept override;

 private:
  struct Share {
    Range pixels, panels;
  };
  Share share_of(int thread, int threads) const;
  int64_t block_pixels(int64_t pixels, Range panels) const;
  ConvTile tile_of_layer() const;
  void set_panel(const ConvPanel& panel, ConvTile& tile) const;

  const ConvLayer& layer_;
  PixelGrid grid_;
  Window window_;
  std::vector<int64_t> short_window_;  // where each four bytes of a window that is short begin, else empty
  const Tensor* x_;
  const Tensor* residual_;
  const Tensor* y_;
};

}  // namespace octavo
