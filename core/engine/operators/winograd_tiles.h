// The tiles of a Winograd convolution, the blocks in which they are taken, and the memory that a block needs.
#pragma once

#include <vector>

#include "engine/operator.h"
#include "kernels/winograd/pack.h"

namespace octavo {

// A run of 1 to 4 outputs along an axis. Rows of tiles come from all images of a batch.
struct WinogradRun {
  int64_t image = 0, first = 0;
  int size = 0;
};

// Tiles [rows.first, rows.last) x [columns.first, columns.last).
struct WinogradBlock {
  Range rows, columns;
  int64_t row_count() const { return rows.last - rows.first; }
  int64_t column_count() const { return columns.last - columns.first; }
};

// Runs are sorted by falling size, so that those which have a point are the first ones, and a block's tiles that have a
// point can lie side by side in memory: row by row, as many of a row as have it.
struct WinogradTiles {
  std::vector<WinogradRun> rows, columns;
  std::vector<Range> column_parts;          // the columns of blocks side by side
  int64_t most_rows = 0, most_columns = 0;  // of a block

  explicit WinogradTiles(const Shape& y);

  int64_t blocks() const;  // that one thread takes

  // How many of the block's rows, or columns, have point `p`.
  int64_t rows_with(const WinogradBlock& block, int p) const;
  int64_t columns_with(const WinogradBlock& block, int q) const;

  // V: [6][6] points of [chunks][tiles][32] int16. M: [6][6] points of [tiles][32] int32 of a panel. U, where it is not
  // kept, for each panel: a row of [6] points of [pairs][32][2] int16, or two rows of points by columns of taps,
  // [pairs][3][32][2] each. All leave a line of the cache free between points, or rows, so that they do not fall on the
  // same sets.
  int64_t v_chunk() const { return most_rows * most_columns * kWinogradChannels; }
  int64_t v_point(const PackedWinograd& packed) const { return packed.chunks * v_chunk() + 32; }
  int64_t m_point_of_row() const { return most_columns * kWinogradChannels + 16; }
  int64_t v_bytes(const PackedWinograd& packed) const;
  int64_t m_bytes_of_row() const;
  static int64_t u_next(const PackedWinograd& packed);
  static int64_t u_bytes(const PackedWinograd& packed);
  // V, M of a panel, and its U where that is not kept: what a thread needs for a block.
  int64_t bytes(const PackedWinograd& packed) const;
};

}  // namespace octavo
