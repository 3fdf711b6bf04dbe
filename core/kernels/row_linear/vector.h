// Row quantization on every vector instruction set V (kernels/vector.h).
#pragma once

#include "kernels/row_linear/row_linear.h"
#include "kernels/vector.h"

namespace octavo {
namespace {

template <class V>
inline RowQParams row_qparams(const float* x, int64_t k, float* inverse) {
  using Floats = typename V::Floats;
  Floats low[2] = {Floats(0.0f), Floats(0.0f)}, high[2] = {Floats(0.0f), Floats(0.0f)};
  auto has_nan = is_nan(low[0]);
  const auto look = [&](Floats value, int chain) {
    low[chain] = min(low[chain], value);
    high[chain] = max(high[chain], value);
    has_nan = has_nan | is_nan(value);
  };
  int64_t i = 0;
  for (; i + 2 * V::kLanes <= k; i += 2 * V::kLanes) {
    look(Floats::load(x + i), 0);
    look(Floats::load(x + i + V::kLanes), 1);
  }
  for (; i < k; i += V::kLanes) look(Floats::load(x + i, k - i), 0);
  const float least = lowest(min(low[0], low[1]));
  const float range = highest(max(high[0], high[1])) - least;
  *inverse = 0.0f;
  if (any(has_nan) || !(range < __builtin_inff())) return {.scale = __builtin_nanf("")};
  float scale = range * kOneOver255;
  *inverse = 1.0f / scale;
  if (!(*inverse < __builtin_inff())) scale = *inverse = 1.0f;
  const int32_t zero_point = static_cast<int32_t>(__builtin_rintf(-least * *inverse));  // -least >= 0
  return {.scale = scale, .zero_point = zero_point < 255 ? zero_point : 255};
}

template <class V>
void quantize_rows(const RowQuantization& given) {
  using Floats = typename V::Floats;
  const RowQuantization rows = given;  // a copy that no store of bytes can alias
  for (int64_t row = 0; row < rows.rows; ++row) {
    const float* x = rows.x + row * rows.x_stride;
    uint8_t* q = rows.q + row * rows.q_stride;
    float inverse;
    const RowQParams qparams = row_qparams<V>(x, rows.k, &inverse);
    rows.qparams[row] = qparams;
    const Floats factor(inverse);
    // Saturating packs clamp: the integers are within 512 of 0. (NaN and infinity give bytes that do not matter.)
    const Requantize levels{.zero_point = qparams.zero_point};
    const auto level = [&](int64_t i) { return rounded(Floats::load(x + i) * factor); };
    const auto last = [&](int64_t i) { return rounded(Floats::load(x + i, rows.k > i ? rows.k - i : 0) * factor); };
    constexpr int64_t n = V::kLanes;
    int64_t i = 0;
    for (; i + 4 * n <= rows.k; i += 4 * n)
      store(q + i, 4 * n, pack_levels(level(i), level(i + n), level(i + 2 * n), level(i + 3 * n), levels));
    if (i < rows.k) store(q + i, 4 * n, pack_levels(last(i), last(i + n), last(i + 2 * n), last(i + 3 * n), levels));
  }
}

}  // namespace
}  // namespace octavo
