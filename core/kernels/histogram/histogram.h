// Counting float32 values into the bins of an observer's histogram, and finding their range.
//
// The bin of x is floor(x * inv_width) - first: bins are aligned so that 0 is an edge. inv_width is a power of two, so
// the product is exact and every instruction set counts the same.
#pragma once

#include <cstdint>

#include "kernels/kernel_table.h"

namespace octavo {

struct HistogramKernel {
  // The least and the greatest of x[0..n), n >= 1; false if one of them is NaN or infinite (min and max then mean
  // nothing).
  bool (*min_max)(const float* x, int64_t n, float* min, float* max);

  // Adds x[0..n) to `tables`: kHistogramTables histograms of `bins` entries, whose sum is the answer. Several, so that
  // neighbours that fall into one bin do not wait for each other's store. Every x must fall into a bin.
  void (*count)(const float* x, int64_t n, float inv_width, int32_t first, uint32_t* tables, int64_t bins);
};

inline constexpr int kHistogramTables = 4;

// How far ahead `count` prefetches, in elements: activations come from memory, and the drain of a buffer gives them the
// time. It takes a fourth to a third off the whole pass.
inline constexpr int64_t kHistogramAhead = 2048;

// The most bins: a bin's index is exact in float32, and the tables of a call stay small.
inline constexpr int64_t kHistogramMaxBins = int64_t{1} << 20;

namespace reference {
extern const HistogramKernel kHistogram;
}  // namespace reference
namespace avx2 {
extern const HistogramKernel kHistogram;
}  // namespace avx2
namespace avx512 {
extern const HistogramKernel kHistogram;
}  // namespace avx512

inline constexpr KernelTable<const HistogramKernel*> kHistogramKernels{
    {{Isa::reference, &reference::kHistogram}, {Isa::avx2, &avx2::kHistogram}, {Isa::avx512, &avx512::kHistogram}}};

struct HistogramResult {
  float min = 0.0f, max = 0.0f;
  bool finite = false;
  bool counted = false;
};

// Finds the range of x[0..n), n >= 1, and, in the same pass over memory, adds x to counts[0..bins). Unless all of x is
// finite and inside of the bins, `counts` is left alone: the caller widens the bins and calls again. inv_width is a
// power of two, |first| and |first + bins| <= kHistogramMaxBins.
HistogramResult count_histogram(const HistogramKernel& kernel, const float* x, int64_t n, float inv_width,
                                int32_t first, int64_t* counts, int64_t bins);

}  // namespace octavo
