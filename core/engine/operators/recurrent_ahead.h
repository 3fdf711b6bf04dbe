// The products of the next chunk's inputs, made beside those of a single row's state: these wait for their weights.
#pragma once

#include <algorithm>
#include <cstdint>

#include "engine/operator.h"
#include "kernels/row_linear/pack.h"

namespace octavo {

class InputsAhead {
 public:
  // rows: as many as layer.kernels->beside_rows.
  void begin(const PackedRowLinear& layer, const RowLinearRows& rows, Range panels) {
    layer_ = &layer;
    rows_ = rows;
    panels_ = panels;
    begin_tile();
  }

  bool is_busy() const { return panels_.first < panels_.last; }

  // Multiplies one row by `panels` panels of a layer, the first being tile's, and meanwhile a piece of what is left;
  // only while there is some.
  void run_beside(const RowLinearTile& row, int64_t panels, int64_t panel_bytes) {
    layer_->kernels->run_beside[panels](row, panel_bytes, pieces_);
    if (pieces_.at < layer_->k) return;
    ++panels_.first;
    begin_tile();
  }

  // Multiplies what is left.
  void finish() {
    for (; is_busy(); ++panels_.first) layer_->kernels->run[rows_.m](tile_of(*layer_, rows_, panels_.first, 0));
  }

 private:
  static constexpr int64_t kMostSums = 8 * 32;

  void begin_tile() {
    if (!is_busy()) return;
    pieces_ = {.tile = tile_of(*layer_, rows_, panels_.first, 0), .acc = sums_};
    std::fill_n(sums_, rows_.m * layer_->kernels->nr, 0);
  }

  const PackedRowLinear* layer_ = nullptr;
  RowLinearRows rows_{};
  Range panels_{0, 0};
  RowLinearPieces pieces_{};
  alignas(64) int32_t sums_[kMostSums];
};

}  // namespace octavo
