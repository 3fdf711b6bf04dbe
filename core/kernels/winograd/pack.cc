#include "kernels/winograd/pack.h"

namespace octavo {
namespace {

constexpr int kPoints = kWinogradPoints, kTaps = 3;

// 24·G: each point as a sum over the taps. That of infinity is halved; the outputs take it twice.
constexpr int32_t kWeight[kPoints][kTaps] = {{6, 0, 0}, {-4, -4, -4}, {0, 0, 12}, {-4, 4, -4}, {1, 2, 4}, {1, -2, 4}};

void transform(const int8_t* w, int32_t (&u)[kPoints][kPoints]) {
  int32_t half[kPoints][kTaps];
  for (int p = 0; p < kPoints; ++p)
    for (int x = 0; x < kTaps; ++x)
      half[p][x] = kWeight[p][0] * w[x] + kWeight[p][1] * w[kTaps + x] + kWeight[p][2] * w[2 * kTaps + x];
  for (int p = 0; p < kPoints; ++p)
    for (int q = 0; q < kPoints; ++q)
      u[p][q] = kWeight[q][0] * half[p][0] + kWeight[q][1] * half[p][1] + kWeight[q][2] * half[p][2];
}

// Where the accumulator of a channel begins, and how far weights of either sign can take it from there.
struct Sums {
  int64_t start = 0, up = 0, down = 0;

  Sums(const ConvConstants& constants, size_t channel) {
    const size_t count = constants.weight.size() / constants.bias.size();
    int64_t sum = 0;
    for (const int8_t w : constants.weight.subspan(channel * count, count)) {
      sum += w;
      (w > 0 ? up : down) += 255 * int64_t{w};
    }
    start = constants.bias[channel] - constants.zero_point * sum;
  }
};

}  // namespace

bool is_winograd_exact(const ConvConstants& constants) {
  constexpr int64_t kEnd = 1 << 25;
  for (size_t c = 0; c < constants.bias.size(); ++c) {
    const Sums sums(constants, c);
    if (sums.start + sums.up >= kEnd || sums.start + sums.down < -kEnd) return false;
    const float multiplier = constants.multiplier[c];
    if (multiplier / 64 * 64 != multiplier) return false;
  }
  return true;
}

PackedWinograd pack_winograd(int64_t oc, int64_t ic, const ConvConstants& constants) {
  PackedWinograd packed;
  packed.oc = oc;
  packed.ic = ic;
  packed.panels = (oc + kWinogradChannels - 1) / kWinogradChannels;
  packed.pairs = (ic + 1) / 2;
  packed.chunks = (ic + kWinogradChannels - 1) / kWinogradChannels;
  const int64_t point = packed.pairs * 2 * kWinogradChannels;  // elements of a point in a panel
  packed.u.resize(static_cast<size_t>(packed.panels * kPoints * kPoints * packed.pairs * 2));
  packed.start.resize(static_cast<size_t>(packed.panels * kWinogradChannels));
  packed.multiplier.resize(packed.start.size());
  int16_t* all = packed.u.empty() ? nullptr : packed.u[0].word;
  const int8_t* w = constants.weight.data();
  for (int64_t o = 0; o < oc; ++o) {
    const auto channel = static_cast<size_t>(o);
    packed.start[channel] = static_cast<int32_t>(576u * static_cast<uint32_t>(Sums(constants, channel).start));
    packed.multiplier[channel] = constants.multiplier[channel] / 64;
    int16_t* panel = all + o / kWinogradChannels * kPoints * kPoints * point;
    for (int64_t i = 0; i < ic; ++i, w += kTaps * kTaps) {
      int32_t u[kPoints][kPoints];
      transform(w, u);
      int16_t* to = panel + (i / 2 * kWinogradChannels + o % kWinogradChannels) * 2 + i % 2;
      for (int p = 0; p < kPoints; ++p)
        for (int q = 0; q < kPoints; ++q) to[(p * kPoints + q) * point] = static_cast<int16_t>(u[p][q]);
    }
  }
  return packed;
}

}  // namespace octavo
