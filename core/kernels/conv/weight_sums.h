// What a layer's weights add up to, channel by channel.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace octavo {

struct WeightSums {
  int64_t sum = 0;
  int64_t magnitude = 0;  // of the absolute values

  int64_t positive() const { return (magnitude + sum) / 2; }
  int64_t negative() const { return (sum - magnitude) / 2; }
};

// Of `channels` channels that lie one after the other, all of the same length.
std::vector<WeightSums> sum_weights(std::span<const int8_t> weight, size_t channels);

}  // namespace octavo
