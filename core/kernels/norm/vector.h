// The normalization kernel of every vector instruction set V (kernels/vector.h).
#pragma once

#include "kernels/norm/norm.h"
#include "kernels/vector.h"

namespace octavo {
namespace {

// N rows, the `first` one on.
template <class V, int N>
void norm_some(const NormRow& row, const NormRows& rows, int first, const float* weight, const float* bias) {
  using Floats = typename V::Floats;
  const float* x[N];
  float* y[N];
  for (int r = 0; r < N; ++r) x[r] = floats(rows.x[first + r]), y[r] = floats(rows.y[first + r]);
  const int64_t n = row.count;
  const float count = static_cast<float>(n);
  float sums[N];
  Floats mean[N], inverse[N];
  striped_sums<V>(n, sums, [&](int r, int64_t i, int64_t left) { return Floats::load(x[r] + i, left); });
  for (int r = 0; r < N; ++r) mean[r] = Floats(sums[r] / count);
  striped_sums<V>(n, sums, [&](int r, int64_t i, int64_t left) {
    const Floats d = Floats::load(x[r] + i, left) - mean[r];
    return d * d;
  });
  for (int r = 0; r < N; ++r) inverse[r] = Floats(1.0f / __builtin_sqrtf(sums[r] / count + row.eps));
  const auto normal = [&](int r, int64_t i, int64_t left) {
    return (Floats::load(x[r] + i, left) - mean[r]) * inverse[r];
  };
  if (row.shared == 1) {
    const auto put = [&](int64_t i, int64_t left) {
      const Floats w = Floats::load(weight + i, left), b = Floats::load(bias + i, left);
      for (int r = 0; r < N; ++r) store(y[r] + i, left, normal(r, i, left) * w + b);
    };
    int64_t i = 0;
    for (; i + V::kLanes <= n; i += V::kLanes) put(i, V::kLanes);
    if (i < n) put(i, n - i);
    return;
  }
  for (int64_t from = 0; from < n; from += row.shared) {
    const Floats w(*weight++), b(*bias++);
    for (int r = 0; r < N; ++r)
      float_row<V>(y[r] + from, row.shared, [&](int64_t i, int64_t left) { return normal(r, from + i, left) * w + b; });
  }
}

template <class V>
void norm_rows(const NormRow& row, const NormRows& rows, const float* weight, const float* bias) {
  if (!row.is_contiguous()) return reference::norm(row, rows, weight, bias);
  if (rows.count == NormRows::kMost) return norm_some<V, NormRows::kMost>(row, rows, 0, weight, bias);
  for (int i = 0; i < rows.count; ++i) norm_some<V, 1>(row, rows, i, weight, bias);
}

}  // namespace
}  // namespace octavo
