#include "kernels/conv/weight_sums.h"

#include <algorithm>
#include <cstdlib>

namespace octavo {
namespace {

// Without a branch, in 32 bits: the compiler makes vectors of it.
WeightSums sum_channel(std::span<const int8_t> weight) {
  constexpr size_t kBlock = 1 << 20;
  WeightSums sums;
  for (size_t first = 0; first < weight.size(); first += kBlock) {
    int32_t sum = 0, magnitude = 0;
    for (const int8_t w : weight.subspan(first, std::min(kBlock, weight.size() - first))) {
      sum += w;
      magnitude += std::abs(w);
    }
    sums.sum += sum;
    sums.magnitude += magnitude;
  }
  return sums;
}

}  // namespace

std::vector<WeightSums> sum_weights(std::span<const int8_t> weight, size_t channels) {
  std::vector<WeightSums> sums(channels);
  const size_t count = channels == 0 ? 0 : weight.size() / channels;
  for (size_t c = 0; c < channels; ++c) sums[c] = sum_channel(weight.subspan(c * count, count));
  return sums;
}

}  // namespace octavo
