// Range and counts in one pass over memory: a block is read for its range, then counted while it is in L1.
#include "kernels/histogram/histogram.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace octavo {

namespace {

constexpr int64_t kBlock = 4096;                  // 16 KiB
constexpr int64_t kCallLimit = int64_t{1} << 31;  // a table's counters are 32 bits wide

bool inside(float min, float max, float inv_width, int32_t first, int64_t bins) {
  // The same float32 steps as in a kernel, which are monotone: the bins of the ends bound those of all between.
  return std::floor(min * inv_width) >= static_cast<float>(first) &&
         std::floor(max * inv_width) < static_cast<float>(first + bins);
}

}  // namespace

HistogramResult count_histogram(const HistogramKernel& kernel, const float* x, int64_t n, float inv_width,
                                int32_t first, int64_t* counts, int64_t bins) {
  std::vector<uint32_t> tables(static_cast<size_t>(kHistogramTables * bins));
  HistogramResult result;
  result.finite = kernel.min_max(x, 1, &result.min, &result.max);
  bool counting = true;
  for (int64_t i = 0; i < n && result.finite; i += kBlock) {
    const int64_t block = std::min(kBlock, n - i);
    float min, max;
    result.finite = kernel.min_max(x + i, block, &min, &max);
    result.min = std::min(result.min, min);
    result.max = std::max(result.max, max);
    counting = counting && i + block <= kCallLimit && inside(min, max, inv_width, first, bins);
    if (!counting || !result.finite) continue;
    kernel.count(x + i, block, inv_width, first, tables.data(), bins);
    result.counted += block;
  }
  if (!result.finite) {
    result.counted = 0;
    return result;
  }
  for (size_t table = 0; table < tables.size(); table += static_cast<size_t>(bins))
    for (int64_t bin = 0; bin < bins; ++bin) counts[bin] += tables[table + static_cast<size_t>(bin)];
  return result;
}

}  // namespace octavo
