#include "kernels/row_linear/pack.h"

#include <algorithm>
#include <numeric>

#include "kernels/pack_lane.h"

namespace octavo {
namespace {

constexpr float kNoBias[64] = {};  // as wide as the widest panel, or more

// Weights that are multiplied by all rows before the next ones: half of a second-level cache of 1 MiB.
constexpr int64_t kGroupBytes = 512 * 1024;

int64_t round_up(int64_t n, int64_t step) { return (n + step - 1) / step * step; }

}  // namespace

int64_t row_linear_panel_bytes(const RowLinearKernels& kernels, int64_t k) {
  return round_up(round_up(k, std::max(kernels.interleave, kernels.multiple)) * kernels.nr, 64);
}

PackedRowLinear pack_row_linear(Isa isa, const RowLinearConstants& constants) {
  PackedRowLinear layer;
  layer.kernels = kRowLinearKernels[isa];
  layer.n = constants.n;
  layer.k = constants.k;
  const int64_t nr = layer.kernels->nr, interleave = layer.kernels->interleave;
  layer.panels = (constants.n + nr - 1) / nr;
  layer.panel_bytes = row_linear_panel_bytes(*layer.kernels, constants.k);
  layer.weight.resize(static_cast<size_t>(layer.panels * layer.panel_bytes / 64));
  for (auto* floats : {&layer.weight_scale, &layer.bias}) floats->resize(static_cast<size_t>(layer.panels * nr));
  layer.minus_sum.resize(static_cast<size_t>(layer.panels * nr));
  std::ranges::copy(constants.weight_scale, layer.weight_scale.begin());
  std::ranges::copy(constants.bias, layer.bias.begin());
  for (int64_t o = 0; o < constants.n; ++o) {
    int8_t* panel = layer.weight.data()->byte + o / nr * layer.panel_bytes;
    const int8_t* w = constants.weight.data() + o * constants.k;
    PanelLane{panel, nr, interleave, o % nr}.write(w, 1, constants.k, 0);
    layer.minus_sum[static_cast<size_t>(o)] = -std::accumulate(w, w + constants.k, int32_t{0});
  }
  return layer;
}

RowLinearTile tile_of(const RowLinearPanels& layer, const RowLinearRows& rows, int64_t panel, int64_t row) {
  const int64_t nr = layer.kernels->nr, column = panel * nr;
  return {.q = rows.q + row * rows.q_stride,
          .q_stride = rows.q_stride,
          .qparams = rows.qparams + row,
          .k = layer.k,
          .weight = layer.weight + panel * layer.panel_bytes,
          .minus_sum = layer.minus_sum + column,
          .weight_scale = layer.weight_scale + column,
          .bias = layer.bias == nullptr ? kNoBias : layer.bias + column,
          .y = rows.y + row * rows.y_stride + column,
          .y_stride = rows.y_stride,
          .columns = std::min(nr, layer.n - column),
          .accumulates = rows.accumulates,
          .registers = rows.registers};
}

// Panels stay in the second-level cache while all rows pass by, tile by tile: a tile's rows stay in the first-level
// cache meanwhile, and what it writes lies on few pages. The threads share the tiles of a group, evenly to within one.
void multiply_rows(const RowLinearPanels& layer, const RowLinearRows& rows, int thread, int threads) {
  const int64_t tiles = (rows.m + layer.kernels->mr - 1) / layer.kernels->mr;  // of nearly equal height
  const int64_t most = std::max<int64_t>(1, kGroupBytes / layer.panel_bytes);
  const int64_t groups = tiles == 1 ? 1 : (layer.panels + most - 1) / most;
  for (int64_t group = 0; group < groups; ++group) {
    const int64_t begin = layer.panels * group / groups, panels = layer.panels * (group + 1) / groups - begin;
    const int64_t last = tiles * panels * (thread + 1) / threads;
    for (int64_t i = tiles * panels * thread / threads; i < last; ++i) {
      const int64_t t = i / panels, first = rows.m * t / tiles, count = rows.m * (t + 1) / tiles - first;
      layer.kernels->run[count](tile_of(layer, rows, begin + i % panels, first));
    }
  }
}

}  // namespace octavo
