#include "engine/operators/conv_algorithm.h"

#include "engine/operators/conv_walk.h"
#include "engine/operators/winograd.h"

namespace octavo {
namespace {

bool is_winograd_faster(const OperatorSpec& spec, const ConvWindow& window) {
  if (spec.isa == Isa::reference) return false;
  return window.out_channels >= 32 && window.in_channels >= 32 && window.out_channels * window.in_channels <= 256 * 256;
}

}  // namespace

ConvAlgorithm choose_conv_algorithm(const OperatorSpec& spec, const ConvWindow& window) {
  if (window.is_depthwise()) return ConvAlgorithm::depthwise;
  const std::string& variant = spec.variant;
  if (variant == "direct" || (!variant.empty() && ConvWalk::named(variant))) return ConvAlgorithm::direct;
  const bool wanted = variant == "winograd" || is_winograd_faster(spec, window);
  return wanted && is_winograd_possible(spec, window) ? ConvAlgorithm::winograd : ConvAlgorithm::direct;
}

}  // namespace octavo
