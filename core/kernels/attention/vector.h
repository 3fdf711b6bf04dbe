// The weights of attention on every vector instruction set V (kernels/vector.h). With AVX-512 on one core of Zen 4:
// 2.8 weights a nanosecond, the mask included.
#pragma once

#include "kernels/attention/attention.h"
#include "kernels/float_math.h"
#include "kernels/several.h"
#include "kernels/vector.h"

namespace octavo {
namespace {

struct Top {
  float value;
  bool known;  // neither NaN nor infinity
};

// Adds the mask, where there is one, and finds the greatest of the first n logits.
template <class V>
inline Top top_of(float* logits, const float* mask, int64_t n) {
  using Floats = typename V::Floats;
  const Floats lowest_logit(kLowestLogit);
  Floats largest[2] = {lowest_logit, lowest_logit};
  auto has_nan = is_nan(lowest_logit);
  const auto look = [&](int64_t i, int chain) {
    Floats logit = Floats::load(logits + i);
    if (mask != nullptr) {
      logit = logit + Floats::load(mask + i);
      store(logits + i, logit);
    }
    largest[chain] = max(logit, largest[chain]);
    has_nan = has_nan | is_nan(logit);
  };
  int64_t i = 0;
  for (; i + 2 * V::kLanes <= n; i += 2 * V::kLanes) {
    look(i, 0);
    look(i + V::kLanes, 1);
  }
  for (; i < n; i += V::kLanes) {
    Floats logit = Floats::load(logits + i, n - i);
    if (mask != nullptr) {
      logit = logit + Floats::load(mask + i, n - i);
      store(logits + i, n - i, logit);
    }
    largest[0] = max(select(Floats::first(n - i), logit, lowest_logit), largest[0]);
    has_nan = has_nan | is_nan(logit);
  }
  const float top = highest(max(largest[0], largest[1]));
  return {top, !any(has_nan) && top < __builtin_inff()};
}

// What the greatest logit weighs 255, from the difference to it.
template <class F>
inline F weight_of(F difference) {
  return exp2(max(difference * F(kLog2E), F(kLeastExponent))) * F(255.0f);
}

// The bytes of the first n logits, and zeros up to a multiple of 64; returns the bytes' sum.
template <class V>
inline int32_t store_weights(const float* logits, float top, int64_t n, uint8_t* p) {
  using Floats = typename V::Floats;
  using Ints = typename V::Ints;
  using Four = Several<Floats, 4>;
  constexpr int64_t lanes = V::kLanes;
  const Floats greatest(top);
  Ints sum(0);
  const auto put = [&](int64_t i, Ints a, Ints b, Ints c, Ints d) {
    sum = sum + ((a + b) + (c + d));
    store(p + i, 4 * lanes, pack_levels(a, b, c, d, Requantize{}));
  };
  int64_t i = 0;
  for (; i + 4 * lanes <= n; i += 4 * lanes) {
    const Four w = weight_of(Four::load(logits + i) - Four(top));
    put(i, rounded(w.v[0]), rounded(w.v[1]), rounded(w.v[2]), rounded(w.v[3]));
  }
  const auto last = [&](int64_t at) {
    const int64_t left = n > at ? n - at : 0;
    return rounded(select(Floats::first(left), weight_of(Floats::load(logits + at, left) - greatest), Floats(0.0f)));
  };
  for (const int64_t end = (n + 63) / 64 * 64; i < end; i += 4 * lanes)
    put(i, last(i), last(i + lanes), last(i + 2 * lanes), last(i + 3 * lanes));
  return total(sum);
}

// The tops of several rows first: nothing waits then for what comes out of a row's lanes in the end.
template <class V>
void weigh(const AttentionRows& given) {
  const AttentionRows rows = given;  // a copy that no store of bytes can alias
  constexpr int64_t kTogether = 16;
  Top tops[kTogether];
  const auto seen_by = [&](int64_t row) {
    const int64_t seen = rows.seen + row * rows.seen_step;
    return seen < rows.keys ? seen : rows.keys;
  };
  for (int64_t first = 0; first < rows.rows; first += kTogether) {
    const int64_t last = first + kTogether < rows.rows ? first + kTogether : rows.rows;
    for (int64_t row = first; row < last; ++row) {
      const float* mask = rows.mask == nullptr ? nullptr : rows.mask + row * rows.mask_stride;
      tops[row - first] = top_of<V>(rows.logits + row * rows.logits_stride, mask, seen_by(row));
    }
    for (int64_t row = first; row < last; ++row) {
      const Top top = tops[row - first];
      uint8_t* p = rows.p + row * rows.p_stride;
      const int32_t sum = store_weights<V>(rows.logits + row * rows.logits_stride, top.value, seen_by(row), p);
      for (int64_t i = (seen_by(row) + 63) / 64 * 64; i < rows.keys; i += 64) __builtin_memset(p + i, 0, 64);
      const float r = sum > 0 ? 1.0f / static_cast<float>(sum) : 0.0f;
      rows.qparams[row] = {.scale = top.known ? r : __builtin_nanf(""), .addend = weights_addend(rows, sum)};
    }
  }
}

}  // namespace
}  // namespace octavo
