// The float sum that docs/numerics.md defines, one element at a time, for the reference kernels.
#pragma once

#include <cstdint>

namespace octavo {
namespace {

// 16 lanes, lane j adding elements j, j + 16, … in order from 0; then lane j adds lane j + 8, then j + 4, j + 2, j + 1.
class StripedSum {
 public:
  void add(float value) { lanes_[next_++ % 16] += value; }
  float total() {
    for (int width = 8; width > 0; width /= 2)
      for (int j = 0; j < width; ++j) lanes_[j] += lanes_[j + width];
    return lanes_[0];
  }

 private:
  float lanes_[16] = {};
  uint64_t next_ = 0;
};

}  // namespace
}  // namespace octavo
