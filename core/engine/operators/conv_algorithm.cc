#include "engine/operators/conv_algorithm.h"

#include <algorithm>
#include <optional>

#include "engine/operators/conv_walk.h"
#include "engine/operators/winograd.h"
#include "kernels/winograd/winograd.h"

namespace octavo {
namespace {

// Multiply-accumulates a cycle, as measured on Zen 4.
struct Rates {
  double direct, winograd;
};

std::optional<Rates> rates_of(Isa isa) {
  switch (kWinogradKernels.owner(isa)) {
    case Isa::avx2:
      return Rates{21, 22};
    case Isa::avx512_vnni:
      return Rates{61, 31};
    default:
      return {};  // no kernels that are faster than direct ones
  }
}

// Cycles of either way, for a layer whose weights come from memory as they do in a network: within 10 % of what was
// measured there, for 1 x 1 to 147 x 147 outputs and 16 to 512 channels.
bool is_winograd_faster(const OperatorSpec& spec, const ConvWindow& window) {
  // Transformed weights take eight times the memory: ResNet-50's five of 4.5 MiB would add a quarter to all that its
  // process holds. So large ones must be worth it: with AVX2 these save 0.7 cycles a byte, with VNNI 0.15. Tuning may
  // still choose what gains less.
  constexpr double kLargeWeightBytes = 4 << 20, kLeastGainOfLarge = 0.3;
  constexpr double kBytesACycle = 5.75;          // of transformed weights
  constexpr double kInput = 200, kOutput = 700;  // cycles to transform a tile of 32 channels
  const std::optional<Rates> rates = rates_of(spec.isa);
  if (!rates || spec.likely.rank != 4) return false;
  const Shape y = window.output(spec.likely, spec.name);
  const auto tiles = [](int64_t size) { return (size + kWinogradMost - 1) / kWinogradMost; };
  const int64_t down = tiles(y.dim[2]), across = tiles(y.dim[3]);
  const auto panels = [](int64_t channels) { return (channels + kWinogradChannels - 1) / kWinogradChannels; };
  const auto images = static_cast<double>(y.dim[0]);
  const auto ic = static_cast<double>(window.in_channels), oc = static_cast<double>(window.out_channels);
  const double direct = images * static_cast<double>(y.dim[2] * y.dim[3]) * 9 * ic * oc / rates->direct;
  const double points = images * static_cast<double>((y.dim[2] + 2 * down) * (y.dim[3] + 2 * across));
  const double lanes = static_cast<double>(panels(window.out_channels) * kWinogradChannels);
  const double transforms = images * static_cast<double>(down * across) *
                            (kInput * static_cast<double>(panels(window.in_channels)) + kOutput * lanes / 32);
  const double weight_bytes = 72 * ic * lanes, weights = weight_bytes / kBytesACycle;
  const double gain = direct - std::max(points * ic * lanes / rates->winograd + transforms, weights) - weights / 4;
  return gain > (weight_bytes > kLargeWeightBytes ? kLeastGainOfLarge * weight_bytes : 0);
}

}  // namespace

ConvAlgorithm choose_conv_algorithm(const OperatorSpec& spec, const ConvWindow& window) {
  if (window.is_depthwise()) return ConvAlgorithm::depthwise;
  const std::string& variant = spec.variant;
  if (variant == "direct" || (!variant.empty() && ConvWalk::named(variant))) return ConvAlgorithm::direct;
  if (!is_winograd_possible(spec, window)) return ConvAlgorithm::direct;
  return variant == "winograd" || is_winograd_faster(spec, window) ? ConvAlgorithm::winograd : ConvAlgorithm::direct;
}

}  // namespace octavo
