#include "engine/operators/winograd_split.h"

#include <algorithm>
#include <cmath>

namespace octavo {
namespace {

int64_t round_up_divide(int64_t number, int64_t by) { return (number + by - 1) / by; }

int threads_of_a_group(const WinogradTiles& tiles, const PackedWinograd& packed, int threads) {
  // Cycles with AVX512-VNNI on Zen 4. Of 32 channels of a tile: to transform inputs, and outputs. Of an input channel
  // and the 32 output channels of a panel: a tile's products, to transform weights, and to read them where they are
  // kept.
  constexpr double kInput = 200, kOutput = 600, kProducts = 19, kWeights = 70, kKeptWeights = 144;
  const auto rows = static_cast<double>(tiles.rows.size()), columns = static_cast<double>(tiles.columns.size());
  const auto ic = 2.0 * static_cast<double>(packed.pairs), panels = static_cast<double>(packed.panels);
  const double of_weights = ic * (packed.u.empty() ? kWeights : kKeptWeights);
  int best = 1;
  double least = 0;
  for (int across = 1; across <= threads; ++across) {
    if (threads % across != 0) continue;
    const double mine = rows / (threads / across), whole = std::ceil(mine);
    const double block_rows = std::min(whole, static_cast<double>(tiles.most_rows));
    const double blocks = std::ceil(whole / block_rows) * static_cast<double>(tiles.column_parts.size());
    const double share = panels / across;
    const double tile = share * (kProducts * ic + kOutput);
    // Inputs come from the thread that has made them, most of a group's from another one.
    const double others = 16 * ic * (across - 1) / across;
    const double inputs = kInput * static_cast<double>(packed.chunks) + others;
    // A row of which a group has some pairs has the weights of these alone.
    const double cost = columns * (mine * tile + whole * inputs) + blocks * std::ceil(share) * of_weights;
    if (across == 1 || cost < least) {
      best = across;
      least = cost;
    }
  }
  return best;
}

}  // namespace

WinogradShare::WinogradShare(const WinogradTiles& tiles, const PackedWinograd& packed, int thread, int threads)
    : panels_(packed.panels), pairs_(round_up_divide(packed.panels, 2)) {
  members_ = threads_of_a_group(tiles, packed, threads);
  member_ = thread % members_;
  const int64_t group = thread / members_, groups = threads / members_;
  const auto rows = static_cast<int64_t>(tiles.rows.size());
  units_ = {unit_at(group, groups, rows), unit_at(group + 1, groups, rows)};
}

// Where the share of a group begins: after as many panels of rows as those before have, but between two pairs.
int64_t WinogradShare::unit_at(int64_t group, int64_t groups, int64_t rows) const {
  const int64_t panels = rows * panels_ * group / groups;
  return panels / panels_ * pairs_ + round_up_divide(panels % panels_, 2);
}

Range WinogradShare::rows() const {
  if (units_.first == units_.last) return {};
  return {units_.first / pairs_, round_up_divide(units_.last, pairs_)};
}

Range WinogradShare::group_rows_of(int64_t pair, Range block) const {
  const auto row_at = [&](int64_t unit) {
    return std::clamp(round_up_divide(unit - pair, pairs_), block.first, block.last) - block.first;
  };
  return {row_at(units_.first), row_at(units_.last)};
}

Range WinogradShare::rows_of(int64_t pair, Range block) const {
  const Range rows = group_rows_of(pair, block);
  const auto panels_in = [&](int64_t i) {
    const Range of_pair = group_rows_of(i, block);
    return (of_pair.last - of_pair.first) * panels_of(i);
  };
  int64_t before = 0, all = 0;
  for (int64_t i = 0; i < pairs_; ++i) {
    if (i == pair) before = all;
    all += panels_in(i);
  }
  const Range mine = share(all, member_, members_);
  const auto row_at = [&](int64_t panel) {
    return std::clamp(rows.first + round_up_divide(panel - before, panels_of(pair)), rows.first, rows.last);
  };
  return {row_at(mine.first), row_at(mine.last)};
}

}  // namespace octavo
