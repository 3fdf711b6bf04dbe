// The gates on every instruction set V (kernels/vector.h), the reference's single lane included.
#pragma once

#include "kernels/float_functions.h"
#include "kernels/recurrent/recurrent.h"
#include "kernels/several.h"
#include "kernels/vector.h"

namespace octavo {
namespace {

// Calls each(row, unit, left) for all units in steps of Floats::kLanes, of which `left` (or more than kLanes) count.
template <class Floats, class Each>
inline void for_each_vector(const GateTile& tile, Each each) {
  for (int64_t row = 0; row < tile.rows; ++row)
    for (int64_t unit = 0; unit < tile.units; unit += Floats::kLanes) each(row, unit, tile.units - unit);
}

// The two products of one gate.
template <class Floats>
struct Gate {
  Gate(const GateTile& tile, int gate, int64_t row, int64_t unit, int64_t left)
      : from_x(Floats::load(tile.from_x + row * tile.from_x_stride + gate * tile.from_x_gate + unit, left)),
        from_h(Floats::load(tile.from_h + row * tile.from_h_stride + gate * kUnitBlock + unit)) {}
  Floats sum() const { return from_x + from_h; }

  Floats from_x, from_h;
};

template <class V>
struct FloatState {
  using Floats = Several<typename V::Floats, V::kAbreast>;
  static Floats before(const GateTile& tile, int64_t row, int64_t unit, int64_t left) {
    return Floats::load(tile.h_before + row * tile.h_before_stride + unit, left);
  }
  static void put(const GateTile& tile, int64_t row, int64_t unit, int64_t left, Floats h) {
    store(tile.h + row * tile.h_stride + unit, left, h);
  }
};

template <class V>
struct LevelState {
  using Floats = Several<typename V::Floats, V::kAbreast>;
  static Floats before(const GateTile& tile, int64_t row, int64_t unit, int64_t) {
    const StateLevels& state = tile.levels;
    const uint8_t* from = state.before + row * state.stride + unit;
    return each<typename V::Floats, V::kAbreast>([&](int i) {
      return typename V::Floats(load_levels<V>(from + i * V::kLanes, Levels{.zero_point = state.y.zero_point}) *
                                typename V::Floats(state.scale));
    });
  }
  static void put(const GateTile& tile, int64_t row, int64_t unit, int64_t left, Floats h) {
    const StateLevels& state = tile.levels;
    for (int i = 0; i < V::kAbreast && left > i * V::kLanes; ++i) {
      const int64_t at = unit + i * V::kLanes, rest = left - i * V::kLanes, n = rest < V::kLanes ? rest : V::kLanes;
      const auto levels = round_clamped(h.v[i] * typename V::Floats(state.inverse), state.y);
      store_levels(state.after + row * state.stride + at, n, levels, Requantize{.zero_point = state.y.zero_point});
      store_levels(state.to_y + row * state.y_stride + at, n, levels, state.y);
    }
  }
};

// In two passes, o waiting where its product was: as one, a vector's chain of sigmoid and tanh would be longer than
// what a processor keeps in flight.
template <class V, class State>
[[gnu::flatten]] void lstm(const GateTile& given) {
  using Floats = Several<typename V::Floats, V::kAbreast>;
  const GateTile tile = given;  // a copy that no store can alias
  for_each_vector<Floats>(tile, [&](int64_t row, int64_t unit, int64_t left) {
    const auto sum = [&](int gate) { return Gate<Floats>(tile, gate, row, unit, left).sum(); };
    const Floats i = sigmoid(sum(0)), f = sigmoid(sum(1)), g = tanh(sum(2)), o = sigmoid(sum(3));
    float* c = tile.c + row * tile.c_stride + unit;
    store(c, left, f * Floats::load(c, left) + i * g);
    store(tile.from_h + row * tile.from_h_stride + unit, Floats::kLanes, o);
  });
  for_each_vector<Floats>(tile, [&](int64_t row, int64_t unit, int64_t left) {
    const Floats o = Floats::load(tile.from_h + row * tile.from_h_stride + unit);
    State::put(tile, row, unit, left, o * tanh(Floats::load(tile.c + row * tile.c_stride + unit, left)));
  });
}

template <class V, class State>
[[gnu::flatten]] void gru(const GateTile& given) {
  using Floats = Several<typename V::Floats, V::kAbreast>;
  const GateTile tile = given;
  for_each_vector<Floats>(tile, [&](int64_t row, int64_t unit, int64_t left) {
    const auto gate = [&](int index) { return Gate<Floats>(tile, index, row, unit, left); };
    const Floats r = sigmoid(gate(0).sum()), z = sigmoid(gate(1).sum());
    const Gate<Floats> candidate = gate(2);
    const Floats n = tanh(candidate.from_x + r * candidate.from_h);
    State::put(tile, row, unit, left, (Floats(1.0f) - z) * n + z * State::before(tile, row, unit, left));
  });
}

template <class V, FloatFunction nonlinearity, class State>
[[gnu::flatten]] void rnn(const GateTile& given) {
  using Floats = Several<typename V::Floats, V::kAbreast>;
  const GateTile tile = given;
  for_each_vector<Floats>(tile, [&](int64_t row, int64_t unit, int64_t left) {
    State::put(tile, row, unit, left,
               apply<nonlinearity>(Gate<Floats>(tile, 0, row, unit, left).sum(), FloatParameters{}));
  });
}

template <class V>
constexpr RecurrentKernels recurrent_kernels() {
  using Float = FloatState<V>;
  using Level = LevelState<V>;
  return {.lstm = {lstm<V, Float>, lstm<V, Level>},
          .gru = {gru<V, Float>, gru<V, Level>},
          .rnn_tanh = {rnn<V, FloatFunction::tanh, Float>, rnn<V, FloatFunction::tanh, Level>},
          .rnn_relu = {rnn<V, FloatFunction::relu, Float>, rnn<V, FloatFunction::relu, Level>}};
}

}  // namespace
}  // namespace octavo
