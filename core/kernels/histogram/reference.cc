// The meaning of the histogram kernels.
#include <cstdint>

#include "kernels/histogram/histogram.h"

namespace octavo {
namespace {

bool min_max(const float* x, int64_t n, float* min, float* max) {
  float low = x[0], high = x[0];
  bool finite = true;
  for (int64_t i = 0; i < n; ++i) {
    finite &= x[i] - x[i] == 0.0f;
    low = x[i] < low ? x[i] : low;
    high = x[i] > high ? x[i] : high;
  }
  *min = low;
  *max = high;
  return finite;
}

void count(const float* x, int64_t n, float inv_width, int32_t first, uint32_t* tables, int64_t /*bins*/) {
  for (int64_t i = 0; i < n; ++i) {
    const float scaled = x[i] * inv_width;
    const int32_t whole = static_cast<int32_t>(scaled);
    const int32_t floor = static_cast<float>(whole) > scaled ? whole - 1 : whole;
    ++tables[floor - first];
  }
}

}  // namespace

const HistogramKernel reference::kHistogram = {min_max, count};

}  // namespace octavo
