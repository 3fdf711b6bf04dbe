// Pooling over channels_last memory: one row of output pixels at a time. Taps outside the input are left out.
#pragma once

#include "kernels/elementwise.h"
#include "kernels/kernel_table.h"

namespace octavo {

// The taps of a window along one axis: input positions first, first + step, … below end (none where first >= end).
// `count` is what the axis contributes to the divisor of a mean.
struct PoolWindow {
  int64_t first = 0, end = 0, step = 1, count = 0;
};

struct PoolRow {
  const uint8_t* x = nullptr;                   // the image's first pixel, at the first channel
  uint8_t* y = nullptr;                         // the row's first pixel, at the first channel
  int64_t x_plane = 0, x_row = 0, x_pixel = 0;  // bytes
  int64_t y_pixel = 0;                          // bytes
  int64_t channels = 0;                         // elements
  PoolWindow planes, rows;                      // of every pixel
  const PoolWindow* columns = nullptr;          // of each pixel
  int64_t width = 0;                            // pixels
};

// y = sat(rne(f(sum of (x - z_x)) * m) + z_y) with m = f32(scale_x / (scale_y * count)), computed in float64, and count
// = `divisor` where it is not 0, else planes.count * rows.count * columns.count.
struct AvgPoolParams {
  double scale_x = 1, scale_y = 1;
  int64_t divisor = 0;
  Levels x;
  Requantize y;
};

struct PoolKernels {
  void (*max_u8)(const PoolRow& row);     // 0 where there is no tap
  void (*max_s8)(const PoolRow& row);     // -128 where there is no tap
  void (*max_float)(const PoolRow& row);  // NaN where a tap is NaN, -inf where there is no tap
  void (*avg)(const AvgPoolParams& params, const PoolRow& row);
  void (*avg_float)(int64_t divisor, const PoolRow& row);  // sums from 0 in row-major order, then one division
};

namespace {

inline int64_t avg_count(int64_t divisor, const PoolRow& row, const PoolWindow& columns) {
  return divisor != 0 ? divisor : row.planes.count * row.rows.count * columns.count;
}

inline float avg_multiplier(const AvgPoolParams& p, int64_t count) {
  return static_cast<float>(p.scale_x / (p.scale_y * static_cast<double>(count)));
}

inline int64_t tap_count(const PoolWindow& window) {
  return window.first < window.end ? (window.end - window.first + window.step - 1) / window.step : 0;
}

// The taps of a pixel's window in one column.
inline int64_t column_taps(const PoolRow& row) { return tap_count(row.planes) * tap_count(row.rows); }

// Calls visit(address) for each tap of a pixel's window at channel `c`, in row-major order.
template <class Visit>
inline void for_each_tap(const PoolRow& row, const PoolWindow& columns, int64_t c, Visit visit) {
  const int64_t step = columns.step * row.x_pixel;
  for (int64_t d = row.planes.first; d < row.planes.end; d += row.planes.step)
    for (int64_t h = row.rows.first; h < row.rows.end; h += row.rows.step) {
      const uint8_t* line = row.x + d * row.x_plane + h * row.x_row + c;
      const uint8_t* end = line + columns.end * row.x_pixel;
      for (const uint8_t* tap = line + columns.first * row.x_pixel; tap < end; tap += step) visit(tap);
    }
}

}  // namespace

namespace reference {
extern const PoolKernels kPool;
}  // namespace reference
namespace avx2 {
extern const PoolKernels kPool;
}  // namespace avx2
namespace avx512 {
extern const PoolKernels kPool;
}  // namespace avx512
namespace neon {
extern const PoolKernels kPool;
}  // namespace neon

inline constexpr KernelTable<const PoolKernels*> kPoolKernels{{{Isa::reference, &reference::kPool},
                                                               {Isa::avx2, &avx2::kPool},
                                                               {Isa::avx512, &avx512::kPool},
                                                               {Isa::neon, &neon::kPool}}};

}  // namespace octavo
