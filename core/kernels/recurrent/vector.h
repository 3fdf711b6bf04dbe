// The gates on every instruction set V (kernels/vector.h), the reference's single lane included.
#pragma once

#include "kernels/float_math.h"
#include "kernels/recurrent/recurrent.h"

namespace octavo {
namespace {

// Calls each(row, unit, left) for every vector of units, of which `left` (or more than kLanes) count.
template <class V, class Each>
inline void for_each_vector(const GateTile& tile, Each each) {
  for (int64_t row = 0; row < tile.rows; ++row)
    for (int64_t unit = 0; unit < tile.units; unit += V::kLanes) each(row, unit, tile.units - unit);
}

// The two products of one gate. Blocks are whole even where the last has fewer units: no masks.
template <class V>
struct Gate {
  Gate(const GateTile& tile, int gate, int64_t row, int64_t unit)
      : from_x(V::Floats::load(tile.from_x + row * tile.from_x_stride + gate * kUnitBlock + unit)),
        from_h(V::Floats::load(tile.from_h + row * tile.from_h_stride + gate * kUnitBlock + unit)) {}
  typename V::Floats sum() const { return from_x + from_h; }

  typename V::Floats from_x, from_h;
};

// In two passes, o waiting in h: as one, a vector's chain of sigmoid and tanh would be longer than what a processor
// keeps in flight.
template <class V>
[[gnu::flatten]] void lstm(const GateTile& given) {
  using Floats = typename V::Floats;
  const GateTile tile = given;  // a copy that no store can alias
  for_each_vector<V>(tile, [&](int64_t row, int64_t unit, int64_t left) {
    const Floats i = sigmoid(Gate<V>(tile, 0, row, unit).sum()), f = sigmoid(Gate<V>(tile, 1, row, unit).sum());
    const Floats g = tanh(Gate<V>(tile, 2, row, unit).sum()), o = sigmoid(Gate<V>(tile, 3, row, unit).sum());
    float* c = tile.c + row * tile.c_stride + unit;
    store(c, left, f * Floats::load(c, left) + i * g);
    store(tile.h + row * tile.h_stride + unit, left, o);
  });
  for_each_vector<V>(tile, [&](int64_t row, int64_t unit, int64_t left) {
    float* h = tile.h + row * tile.h_stride + unit;
    store(h, left, Floats::load(h, left) * tanh(Floats::load(tile.c + row * tile.c_stride + unit, left)));
  });
}

template <class V>
[[gnu::flatten]] void gru(const GateTile& given) {
  using Floats = typename V::Floats;
  const GateTile tile = given;
  for_each_vector<V>(tile, [&](int64_t row, int64_t unit, int64_t left) {
    const Floats r = sigmoid(Gate<V>(tile, 0, row, unit).sum()), z = sigmoid(Gate<V>(tile, 1, row, unit).sum());
    const Gate<V> candidate(tile, 2, row, unit);
    const Floats n = tanh(candidate.from_x + r * candidate.from_h);
    const Floats before = Floats::load(tile.h_before + row * tile.h_before_stride + unit, left);
    store(tile.h + row * tile.h_stride + unit, left, (Floats(1.0f) - z) * n + z * before);
  });
}

template <class V, FloatFunction nonlinearity>
[[gnu::flatten]] void rnn(const GateTile& given) {
  const GateTile tile = given;
  for_each_vector<V>(tile, [&](int64_t row, int64_t unit, int64_t left) {
    store(tile.h + row * tile.h_stride + unit, left,
          apply<nonlinearity>(Gate<V>(tile, 0, row, unit).sum(), FloatParameters{}));
  });
}

template <class V>
constexpr RecurrentKernels recurrent_kernels() {
  return {
      .lstm = lstm<V>, .gru = gru<V>, .rnn_tanh = rnn<V, FloatFunction::tanh>, .rnn_relu = rnn<V, FloatFunction::relu>};
}

}  // namespace
}  // namespace octavo
