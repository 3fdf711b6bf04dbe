#include "engine/operators/conv_algorithm.h"

#include <algorithm>
#include <optional>

#include "engine/operators/conv_walk.h"
#include "engine/operators/winograd_tiles.h"

namespace octavo {
namespace {

// Multiply-accumulates a cycle, and cycles to transform the 9 taps of an input and an output channel, as measured on
// Zen 4; with AVX512-VNNI where tiles are few, so that the choice is close: else it takes less.
struct Rates {
  double direct, winograd, taps;
};

std::optional<Rates> rates_of(Isa isa) {
  if (isa == Isa::avx_vnni) return Rates{50, 22, 4.0};         // its direct kernels alone are its own
  if (isa == Isa::amx || isa == Isa::amx_emulated) return {};  // direct ones multiply several times as fast
  switch (kWinogradKernels.owner(isa)) {
    case Isa::avx2:
      return Rates{21, 22, 4.0};
    case Isa::avx512_vnni:
      return Rates{61, 31, 3.2};
    default:
      return {};  // no kernels that are faster than direct ones
  }
}

// Cycles of either way, for a layer whose weights come from memory as they do in a network: within 10 % of what was
// measured there, for 1 x 1 to 147 x 147 outputs and 16 to 512 channels.
bool is_winograd_faster(const OperatorSpec& spec, const ConvWindow& window) {
  constexpr double kBytesACycle = 5.75;          // of transformed weights
  constexpr double kInput = 200, kOutput = 600;  // cycles to transform a tile of 32 channels
  const std::optional<Rates> rates = rates_of(spec.isa);
  if (!rates || spec.likely.rank != 4) return false;
  const Shape y = window.output(spec.likely, spec.name);
  const WinogradTiles tiles(y);
  const auto down = static_cast<double>(tiles.rows.size()), across = static_cast<double>(tiles.columns.size());
  const auto panels = [](int64_t channels) { return (channels + kWinogradChannels - 1) / kWinogradChannels; };
  const auto images = static_cast<double>(y.dim[0]);
  const auto ic = static_cast<double>(window.in_channels), oc = static_cast<double>(window.out_channels);
  const double direct = images * static_cast<double>(y.dim[2] * y.dim[3]) * 9 * ic * oc / rates->direct;
  const double rows = images * static_cast<double>(y.dim[2]) + 2 * down;
  const double columns = static_cast<double>(y.dim[3]) + 2 * across;
  const double lanes = static_cast<double>(panels(window.out_channels) * kWinogradChannels);
  const double transforms =
      down * across * (kInput * static_cast<double>(panels(window.in_channels)) + kOutput * lanes / 32);
  const double work = rows * columns * ic * lanes / rates->winograd + transforms;
  const int64_t weight_bytes = winograd_weight_bytes(window.out_channels, window.in_channels);
  if (weight_bytes > kMostWinogradWeightBytes)
    return work + static_cast<double>(tiles.blocks()) * rates->taps * ic * lanes < direct;
  const double weights = static_cast<double>(weight_bytes) / kBytesACycle;
  return std::max(work, weights) + weights / 4 < direct;
}

}  // namespace

ConvAlgorithm choose_conv_algorithm(const OperatorSpec& spec, const ConvWindow& window, bool winograd_possible) {
  if (window.is_depthwise()) return ConvAlgorithm::depthwise;
  const std::string& variant = spec.variant;
  if (variant == "direct" || (!variant.empty() && ConvWalk::named(variant))) return ConvAlgorithm::direct;
  if (!winograd_possible) return ConvAlgorithm::direct;
  return variant == "winograd" || is_winograd_faster(spec, window) ? ConvAlgorithm::winograd : ConvAlgorithm::direct;
}

}  // namespace octavo
