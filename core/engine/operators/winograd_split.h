// How threads divide a Winograd convolution among them.
#pragma once

#include <algorithm>

#include "engine/operators/winograd_tiles.h"

namespace octavo {

// Groups of threads take rows of tiles, and the threads of a group panels of their outputs. Nothing that a thread makes
// on the way is another's: each one of a group transforms all of the group's inputs, and each that multiplies a panel
// the weights of it that are not kept. Panels are divided by pairs, whose outputs lie in one line of the cache. A row
// that falls to two groups is transformed by both, and multiplied with some of the pairs by each.
class WinogradShare {
 public:
  // How many threads a group has is chosen by what the slowest one takes.
  WinogradShare(const WinogradTiles& tiles, const PackedWinograd& packed, int thread, int threads);

  int64_t pairs() const { return pairs_; }

  // The rows whose inputs the thread needs.
  Range rows() const;

  // Of a block's rows, counted from its first, those that the thread multiplies with a pair of panels.
  Range rows_of(int64_t pair, Range block) const;

 private:
  int64_t panels_of(int64_t pair) const { return std::min<int64_t>(2, panels_ - 2 * pair); }
  int64_t unit_at(int64_t group, int64_t groups, int64_t rows) const;
  Range group_rows_of(int64_t pair, Range block) const;

  int64_t panels_, pairs_;
  int member_, members_;
  Range units_;  // of the group: pairs of a row, after those of the row before
};

}  // namespace octavo
