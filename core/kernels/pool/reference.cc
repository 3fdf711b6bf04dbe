#include "kernels/pool/pool.h"

#include <limits>

#include "kernels/scalar.h"

namespace octavo {
namespace {

template <class T>
T value_at(const uint8_t* address) {
  return *reinterpret_cast<const T*>(address);
}

template <class T>
bool is_larger(T x, T than) {
  return x > than || x != x;
}

template <class T>
void max_pool(const PoolRow& row, T lowest) {
  for (int64_t p = 0; p < row.width; ++p)
    for (int64_t c = 0; c < row.channels; ++c) {
      const int64_t offset = c * static_cast<int64_t>(sizeof(T));
      T largest = lowest;
      for_each_tap(row, row.columns[p], offset, [&](const uint8_t* tap) {
        if (is_larger(value_at<T>(tap), largest)) largest = value_at<T>(tap);
      });
      *reinterpret_cast<T*>(row.y + p * row.y_pixel + offset) = largest;
    }
}

void max_pool_u8(const PoolRow& row) { max_pool<uint8_t>(row, 0); }
void max_pool_s8(const PoolRow& row) { max_pool<int8_t>(row, -128); }
void max_pool_float(const PoolRow& row) { max_pool<float>(row, -std::numeric_limits<float>::infinity()); }

void avg_pool(const AvgPoolParams& params, const PoolRow& row) {
  for (int64_t p = 0; p < row.width; ++p) {
    const float m = avg_multiplier(params, avg_count(params.divisor, row, row.columns[p]));
    for (int64_t c = 0; c < row.channels; ++c) {
      int32_t sum = 0;
      for_each_tap(row, row.columns[p], c, [&](const uint8_t* tap) { sum += centered(*tap, params.x); });
      row.y[p * row.y_pixel + c] = requantize(static_cast<float>(sum) * m, params.y);
    }
  }
}

void avg_pool_float(int64_t divisor, const PoolRow& row) {
  for (int64_t p = 0; p < row.width; ++p) {
    const float count = static_cast<float>(avg_count(divisor, row, row.columns[p]));
    for (int64_t c = 0; c < row.channels; ++c) {
      float sum = 0.0f;
      for_each_tap(row, row.columns[p], 4 * c, [&](const uint8_t* tap) { sum += value_at<float>(tap); });
      as_float(row.y + p * row.y_pixel + 4 * c) = sum / count;
    }
  }
}

}  // namespace

const PoolKernels reference::kPool = {max_pool_u8, max_pool_s8, max_pool_float, avg_pool, avg_pool_float};

}  // namespace octavo
