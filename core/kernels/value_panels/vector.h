// Packing of values on every vector instruction set V (kernels/vector.h). With AVX-512 on one core of Zen 4: rows of 64
// floats at 5.6 and columns of 128 at 6.6 floats a nanosecond, both passes.
#pragma once

#include "kernels/value_panels/value_panels.h"
#include "kernels/vector.h"

namespace octavo {
namespace {

constexpr int64_t kDepth = 64;  // elements of an output quantized at a time

// Beside what vector.h lists, V has
//   kPanel                             its PanelShape, nr a multiple of kLanes
//   store_groups(rows, groups, to)     nr rows of kDepth bytes, transposed: `groups` times [nr][interleave] bytes
//   store_group(values, to)            [nr][interleave] bytes: the low bytes of values[interleave][nr / kLanes]
//   store_minus_sums(w, groups, to)    [nr] int32 from `groups` of those
template <class V>
constexpr int64_t groups_of(int64_t k) {
  return (k + V::kPanel.interleave - 1) / V::kPanel.interleave;
}

// The factor that takes an output to its integers; 0 where it has no scale.
template <class V>
inline typename V::Floats inverse_of(typename V::Floats largest, typename V::Floats* scale) {
  using Floats = typename V::Floats;
  const auto finite = less(largest, Floats(__builtin_inff()));
  const Floats s = largest * Floats(kOneOver127), inverse = Floats(1.0f) / s;
  const auto invertible = less(inverse, Floats(__builtin_inff()));
  *scale = select(finite, select(invertible, s, Floats(1.0f)), Floats(__builtin_nanf("")));
  return select(finite, select(invertible, inverse, Floats(1.0f)), Floats(0.0f));
}

// The greatest magnitude of n elements, or NaN where one is.
template <class V>
inline float largest_of(const float* x, int64_t n) {
  using Floats = typename V::Floats;
  Floats largest(0.0f);
  auto has_nan = is_nan(largest);
  for (int64_t i = 0; i < n; i += V::kLanes) {
    const Floats value = Floats::load(x + i, n - i);
    largest = max(absolute(value), largest);
    has_nan = has_nan | is_nan(value);
  }
  return any(has_nan) ? __builtin_nanf("") : highest(largest);
}

// kDepth bytes from `left` floats (or more), zeros after them.
template <class V>
inline void quantize_depth(const float* x, int64_t left, typename V::Floats inverse, uint8_t* to) {
  constexpr int64_t n = V::kLanes;
  const Requantize signed_levels{.zero_point = 128, .flip = 0x80};
  const auto level = [&](int64_t i) { return rounded(V::Floats::load(x + i, left > i ? left - i : 0) * inverse); };
  for (int64_t i = 0; i < kDepth; i += 4 * n)
    store(to + i, 4 * n, pack_levels(level(i), level(i + n), level(i + 2 * n), level(i + 3 * n), signed_levels));
}

// kDepth bytes from `left` levels (or more), zeros after them.
template <class V>
inline void copy_depth(const uint8_t* x, int64_t left, uint32_t flip, uint8_t* to) {
  using Bytes = typename V::Bytes;
  const Bytes flips(static_cast<uint8_t>(flip));
  for (int64_t i = 0; i < kDepth; i += 4 * V::kLanes) store(to + i, 4 * V::kLanes, Bytes::load(x + i) ^ flips);
  for (int64_t i = left; i < kDepth; ++i) to[i] = 0;
}

// fill(output, depth, left, to) makes kDepth bytes of an output.
template <class V, class Fill>
inline void pack_rows(const ValuePanel& panel, Fill fill) {
  constexpr int64_t nr = V::kPanel.nr;
  alignas(64) uint8_t rows[nr][kDepth];
  for (int64_t o = panel.outputs; o < nr; ++o) __builtin_memset(rows[o], 0, kDepth);
  for (int64_t at = 0; at < panel.k; at += kDepth) {
    const int64_t left = panel.k - at;
    for (int64_t o = 0; o < panel.outputs; ++o) fill(o, at, left, rows[o]);
    V::store_groups(rows, groups_of<V>(left < kDepth ? left : kDepth), panel.weight + at * nr);
  }
  V::store_minus_sums(panel.weight, groups_of<V>(panel.k), panel.minus_sum);
}

template <class V>
void float_rows(const ValuePanel& given) {
  using Floats = typename V::Floats;
  const ValuePanel panel = given;  // a copy that no store of bytes can alias
  constexpr int64_t nr = V::kPanel.nr;
  const auto row = [&](int64_t o) { return floats(panel.x + o * panel.output_stride); };
  float largest[nr] = {}, inverse[nr];
  for (int64_t o = 0; o < panel.outputs; ++o) largest[o] = largest_of<V>(row(o), panel.k);
  for (int64_t o = 0; o < nr; o += V::kLanes) {
    Floats scale;
    store(inverse + o, inverse_of<V>(Floats::load(largest + o), &scale));
    store(panel.weight_scale + o, scale * Floats(panel.factor));
  }
  pack_rows<V>(panel, [&](int64_t o, int64_t at, int64_t left, uint8_t* to) {
    quantize_depth<V>(row(o) + at, left, Floats(inverse[o]), to);
  });
}

template <class V>
void level_rows(const ValuePanel& given) {
  const ValuePanel panel = given;
  for (int64_t o = 0; o < V::kPanel.nr; o += V::kLanes) store(panel.weight_scale + o, typename V::Floats(panel.factor));
  pack_rows<V>(panel, [&](int64_t o, int64_t at, int64_t left, uint8_t* to) {
    copy_depth<V>(panel.x + o * panel.output_stride + at, left, panel.flip ^ 0x80, to);
  });
}

// values(depth, v) gives the integers of vector v of the outputs at a depth.
template <class V, class Values>
inline void pack_columns(const ValuePanel& panel, Values values) {
  using Ints = typename V::Ints;
  constexpr int interleave = V::kPanel.interleave, vectors = V::kPanel.nr / V::kLanes;
  int8_t* to = panel.weight;
  for (int64_t at = 0; at < panel.k; at += interleave, to += V::kPanel.nr * interleave) {
    Ints group[interleave][vectors];
    for (int i = 0; i < interleave; ++i)
      for (int v = 0; v < vectors; ++v) group[i][v] = at + i < panel.k ? values(at + i, v) : Ints(0);
    V::store_group(group, to);
  }
  V::store_minus_sums(panel.weight, groups_of<V>(panel.k), panel.minus_sum);
}

template <class V>
void float_columns(const ValuePanel& given) {
  using Floats = typename V::Floats;
  const ValuePanel panel = given;
  constexpr int vectors = V::kPanel.nr / V::kLanes;
  int64_t left[vectors];
  for (int v = 0; v < vectors; ++v) {
    const int64_t from = v * V::kLanes;
    left[v] = panel.outputs > from ? panel.outputs - from : 0;
  }
  const auto load = [&](int64_t at, int v) {
    return Floats::load(floats(panel.x + at * panel.depth_stride) + v * V::kLanes, left[v]);
  };
  Floats largest[vectors], inverse[vectors];
  for (Floats& most : largest) most = Floats(0.0f);
  decltype(is_nan(largest[0])) has_nan[vectors];
  for (int v = 0; v < vectors; ++v) has_nan[v] = is_nan(largest[v]);
  for (int64_t at = 0; at < panel.k; ++at) {
    for (int v = 0; v < vectors; ++v) {
      const Floats value = load(at, v);
      largest[v] = max(absolute(value), largest[v]);
      has_nan[v] = has_nan[v] | is_nan(value);
    }
  }
  for (int v = 0; v < vectors; ++v) {
    Floats scale;
    inverse[v] = inverse_of<V>(select(has_nan[v], Floats(__builtin_nanf("")), largest[v]), &scale);
    store(panel.weight_scale + v * V::kLanes, scale * Floats(panel.factor));
  }
  pack_columns<V>(panel, [&](int64_t at, int v) { return rounded(load(at, v) * inverse[v]); });
}

template <class V>
void level_columns(const ValuePanel& given) {
  const ValuePanel panel = given;
  for (int64_t o = 0; o < V::kPanel.nr; o += V::kLanes) store(panel.weight_scale + o, typename V::Floats(panel.factor));
  pack_columns<V>(panel, [&](int64_t at, int v) {
    return V::Ints::load_levels(panel.x + at * panel.depth_stride + v * V::kLanes, panel.flip ^ 0x80);
  });
}

template <class V>
void copy_levels(const LevelRows& given) {
  const LevelRows rows = given;
  for (int64_t row = 0; row < rows.rows; ++row) {
    const uint8_t* x = rows.x + row * rows.x_stride;
    uint8_t* q = rows.q + row * rows.q_stride;
    typename V::Ints sum(0);
    for (int64_t at = 0; at < rows.k; at += kDepth) {
      copy_depth<V>(x + at, rows.k - at, rows.flip, q + at);
      for (int64_t i = 0; i < kDepth; i += 4 * V::kLanes) sum = sum + byte_sums(V::Bytes::load(q + at + i));
    }
    rows.qparams[row] = {1.0f, rows.zero_point, level_addend(rows, total(sum))};
  }
}

template <class V>
constexpr ValuePanelKernels kernels_of() {
  return {.float_rows = float_rows<V>,
          .float_columns = float_columns<V>,
          .level_rows = level_rows<V>,
          .level_columns = level_columns<V>,
          .copy_levels = copy_levels<V>};
}

}  // namespace
}  // namespace octavo
