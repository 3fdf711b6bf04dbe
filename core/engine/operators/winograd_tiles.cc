#include "engine/operators/winograd_tiles.h"

#include <algorithm>

#include "engine/layout.h"

namespace octavo {
namespace {

constexpr int64_t kPointsOfTile = kWinogradPoints * kWinogradPoints;

// Runs of nearly equal size: n outputs take n + 2 · (number of runs) points however they are divided.
std::vector<WinogradRun> divide(int64_t images, int64_t size) {
  std::vector<WinogradRun> runs;
  const int64_t count = (size + kWinogradMost - 1) / kWinogradMost;
  for (int64_t image = 0; image < images; ++image)
    for (int64_t i = 0; i < count; ++i) {
      const Range part = share(size, static_cast<int>(i), static_cast<int>(count));
      runs.push_back({image, part.first, static_cast<int>(part.last - part.first)});
    }
  std::ranges::stable_sort(runs, std::ranges::greater{}, &WinogradRun::size);
  return runs;
}

int64_t parts_of(int64_t count, int64_t most) { return (count + most - 1) / most; }

// How many of the runs in `range` have point `p`: those of at least p - 1 outputs, which come first.
int64_t count_with(const std::vector<WinogradRun>& runs, Range range, int p) {
  const auto begin = runs.begin() + range.first, end = runs.begin() + range.last;
  return std::partition_point(begin, end, [&](const WinogradRun& run) { return run.size + 2 > p; }) - begin;
}

}  // namespace

WinogradTiles::WinogradTiles(const Shape& y)
    : rows(divide(y.dim[0], spatial_size(y, 1))), columns(divide(1, spatial_size(y, 2))) {
  // Of a block: V and a panel's M stay in the second-level cache, and weights are read once for as many tiles as two
  // rounds of the largest product take.
  constexpr int64_t most = 28;
  const auto row_count = static_cast<int64_t>(rows.size()), column_count = static_cast<int64_t>(columns.size());
  const int64_t across = parts_of(column_count, most);
  most_columns = parts_of(column_count, across);
  const int64_t down = parts_of(row_count, std::max<int64_t>(1, most / most_columns));
  most_rows = parts_of(row_count, down);
  for (int64_t j = 0; j < across; ++j)
    column_parts.push_back({column_count * j / across, column_count * (j + 1) / across});
}

int64_t WinogradTiles::blocks() const {
  return parts_of(static_cast<int64_t>(rows.size()), most_rows) * static_cast<int64_t>(column_parts.size());
}

int64_t WinogradTiles::rows_with(const WinogradBlock& block, int p) const { return count_with(rows, block.rows, p); }

int64_t WinogradTiles::columns_with(const WinogradBlock& block, int q) const {
  return count_with(columns, block.columns, q);
}

int64_t WinogradTiles::v_bytes(const PackedWinograd& packed) const { return kPointsOfTile * v_point(packed) * 2; }

int64_t WinogradTiles::m_bytes_of_row() const { return kPointsOfTile * m_point_of_row() * 4; }

int64_t WinogradTiles::u_next(const PackedWinograd& packed) {
  if (!packed.u.empty()) return packed.u_point();
  return (packed.makes_columns ? 3 : 1) * packed.u_point() + 32;
}

int64_t WinogradTiles::u_bytes(const PackedWinograd& packed) {
  return (packed.makes_columns ? kWinogradRows : kWinogradPoints) * u_next(packed) * 2;
}

int64_t WinogradTiles::bytes(const PackedWinograd& packed) const {
  return v_bytes(packed) + most_rows * m_bytes_of_row() + (packed.u.empty() ? u_bytes(packed) : 0);
}

}  // namespace octavo
