// Range and counts in one pass over memory: a block is read for its range, then counted while it is in L1.
//
// One thread: the next layer's threads of a framework often still spin when an observer runs, and a second thread that
// has to share a core with them makes a calibration pass two to three times slower.
#include "kernels/histogram/histogram.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace octavo {

namespace {

constexpr int64_t kBlock = 1024;
constexpr int64_t kFlush = (int64_t{1} << 31) / kBlock;  // blocks before a table's 32-bit counters could overflow

bool inside(float min, float max, float inv_width, int32_t first, int64_t bins) {
  // The same float32 steps as in a kernel, which are monotone: the bins of the ends bound those of all between.
  return std::floor(min * inv_width) >= static_cast<float>(first) &&
         std::floor(max * inv_width) < static_cast<float>(first + bins);
}

// Adds the tables to sums and clears them.
void flush(std::vector<uint32_t>& tables, std::vector<int64_t>& sums) {
  for (size_t table = 0; table < tables.size(); table += sums.size())
    for (size_t bin = 0; bin < sums.size(); ++bin) sums[bin] += tables[table + bin];
  std::fill(tables.begin(), tables.end(), 0);
}

}  // namespace

HistogramResult count_histogram(const HistogramKernel& kernel, const float* x, int64_t n, float inv_width,
                                int32_t first, int64_t* counts, int64_t bins) {
  std::vector<uint32_t> tables(static_cast<size_t>(kHistogramTables * bins));
  std::vector<int64_t> sums(static_cast<size_t>(bins));
  HistogramResult result{INFINITY, -INFINITY, true, true};
  for (int64_t i = 0, blocks = 1; i < n && result.finite; i += kBlock, ++blocks) {
    const int64_t block = std::min(kBlock, n - i);
    float min, max;
    result.finite = kernel.min_max(x + i, block, &min, &max);
    result.min = std::min(result.min, min);
    result.max = std::max(result.max, max);
    result.counted = result.counted && result.finite && inside(min, max, inv_width, first, bins);
    if (result.counted) kernel.count(x + i, block, inv_width, first, tables.data(), bins);
    if (blocks % kFlush == 0) flush(tables, sums);
  }
  if (!result.counted) return result;
  flush(tables, sums);
  for (int64_t bin = 0; bin < bins; ++bin) counts[bin] += sums[static_cast<size_t>(bin)];
  return result;
}

}  // namespace octavo
