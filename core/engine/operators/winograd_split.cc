#include "engine/operators/winograd_split.h"

#include <algorithm>
#include <cmath>

namespace octavo {

int winograd_threads_across(const WinogradTiles& tiles, const PackedWinograd& packed, int threads) {
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
    const double mine = std::ceil(rows / (threads / across));
    const double block_rows = std::min(mine, static_cast<double>(tiles.most_rows));
    const double blocks = std::ceil(mine / block_rows) * static_cast<double>(tiles.column_parts.size());
    // Panels, some of them in part: what is shared are rows of pairs of them.
    const double share = std::min(panels, 2 * std::ceil(std::ceil(panels / 2) * block_rows / across) / block_rows);
    const double tile = kInput * static_cast<double>(packed.chunks) + share * (kProducts * ic + kOutput);
    // Inputs come from the thread that has made them, most of a group's from another one.
    const double others = mine * columns * 16 * ic * (across - 1) / across;
    const double cost = mine * columns * tile + blocks * std::ceil(share) * of_weights + others;
    if (across == 1 || cost < least) {
      best = across;
      least = cost;
    }
  }
  return best;
}

}  // namespace octavo
