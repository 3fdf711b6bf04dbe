#include "kernels/winograd/pack.h"

namespace octavo {
namespace {

constexpr int kPoints = kWinogradPoints, kTaps = 9;

// Where the accumulator of a channel begins.
int64_t start_of(const ConvConstants& constants, size_t channel) {
  return constants.bias[channel] - constants.zero_point * constants.sums[channel].sum;
}

}  // namespace

bool is_winograd_exact(const ConvConstants& constants) {
  constexpr int64_t kEnd = 1 << 25;
  for (size_t c = 0; c < constants.bias.size(); ++c) {
    const int64_t start = start_of(constants, c);
    const WeightSums& sums = constants.sums[c];
    if (start + 255 * sums.positive() >= kEnd || start + 255 * sums.negative() < -kEnd) return false;
    const float multiplier = constants.multiplier[c];
    if (multiplier / 64 * 64 != multiplier) return false;
  }
  return true;
}

int64_t winograd_weight_bytes(int64_t oc, int64_t ic) {
  const int64_t panels = (oc + kWinogradChannels - 1) / kWinogradChannels, pairs = (ic + 1) / 2;
  return panels * kPoints * kPoints * pairs * 2 * kWinogradChannels * static_cast<int64_t>(sizeof(int16_t));
}

PackedWinograd pack_winograd(const WinogradKernel& kernel, int64_t oc, int64_t ic, const ConvConstants& constants) {
  PackedWinograd packed;
  packed.oc = oc;
  packed.ic = ic;
  packed.panels = (oc + kWinogradChannels - 1) / kWinogradChannels;
  packed.pairs = (ic + 1) / 2;
  packed.chunks = (ic + kWinogradChannels - 1) / kWinogradChannels;
  packed.makes_columns = kernel.weights_to_columns != nullptr;
  packed.start.resize(static_cast<size_t>(packed.panels * kWinogradChannels));
  packed.multiplier.resize(packed.start.size());
  packed.weight.resize(static_cast<size_t>(packed.panels * packed.pairs * kTaps));
  constexpr int64_t kLine = 2 * kWinogradChannels;
  auto* all = reinterpret_cast<int8_t*>(packed.weight.data());
  const int8_t* w = constants.weight.data();
  for (int64_t o = 0; o < oc; ++o) {
    const auto channel = static_cast<size_t>(o);
    packed.start[channel] = static_cast<int32_t>(576u * static_cast<uint32_t>(start_of(constants, channel)));
    packed.multiplier[channel] = constants.multiplier[channel] / 64;
    int8_t* panel = all + o / kWinogradChannels * packed.pairs * kTaps * kLine;
    for (int64_t i = 0; i < ic; ++i, w += kTaps)
      for (int64_t tap = 0; tap < kTaps; ++tap)
        panel[(i / 2 * kTaps + tap) * kLine + o % kWinogradChannels * 2 + i % 2] = w[tap];
  }
  const int64_t bytes = winograd_weight_bytes(oc, ic);
  if (bytes > kMostWinogradWeightBytes) return packed;
  packed.u.resize(static_cast<size_t>(bytes) / sizeof(PackedWinograd::Line));
  auto* u = reinterpret_cast<int16_t*>(packed.u.data());
  for (int64_t panel = 0; panel < packed.panels; ++panel)
    for (int p = 0; p < kPoints; ++p, u += kPoints * packed.u_point())
      kernel.weights_to_points(
          {.w = packed.weight_of(panel), .pairs = packed.pairs, .p = p, .u = u, .next = packed.u_point()});
  packed.weight = {};
  return packed;
}

}  // namespace octavo
