// The states of a recurrent layer before its first step and after its last one.
#include <algorithm>
#include <cstring>

#include "engine/operators/recurrent_step.h"

namespace octavo {

void RecurrentStep::start(Range rows) noexcept {
  lengths_.check(rows);
  for (int64_t row = rows.first; row < rows.last; ++row) {
    start_state(row);
    for (int64_t time = lengths_.of(row); time < times_; ++time) {
      uint8_t* y = y_.data + time * y_.stride[0] + row * y_.stride[1];
      if (layer_.state_in_levels())
        std::memset(y, layer_.y.zero_point, static_cast<size_t>(layer_.out));
      else
        std::fill_n(reinterpret_cast<float*>(y), layer_.out, 0.0f);
    }
  }
}

void RecurrentStep::start_state(int64_t row) const noexcept {
  const auto start_floats = [&](size_t state, int64_t width) {
    float* to = rows_of(outputs_[state]).floats(row);
    if (layer_.has_states)
      std::copy_n(rows_of(inputs_[state]).floats(row), width, to);
    else
      std::fill_n(to, width, 0.0f);
  };
  if (layer_.states == 2) start_floats(2, layer_.hidden);
  if (!layer_.state_in_levels()) return start_floats(1, layer_.out);
  const Requantize& y = layer_.levels.y;
  for (int64_t copy = 0; copy < 2; ++copy) {
    const QuantizedRows h = quantized(place_.h, copy);
    uint8_t* to = h.levels + row * layer_.state.row_bytes();
    h.qparams[row] = {layer_.y.scale, y.zero_point};
    if (layer_.has_states)
      copy_levels(rows_of(inputs_[1]).bytes(row), layer_.out, y.flip, to);
    else
      std::memset(to, y.zero_point, static_cast<size_t>(layer_.out));
  }
}

void RecurrentStep::copy_levels(const uint8_t* from, int64_t count, uint32_t flip, uint8_t* to) const noexcept {
  for (int64_t i = 0; i < count; ++i) to[i] = static_cast<uint8_t>(from[i] ^ flip);
}

void RecurrentStep::end(Range rows) const noexcept {
  const Rows to = rows_of(outputs_[1]);
  const auto bytes = static_cast<size_t>(layer_.out * item_size(layer_.y.dtype));
  for (int64_t row = rows.first; row < rows.last; ++row)
    std::memcpy(to.bytes(row), y_.data + lengths_.last_time(row) * y_.stride[0] + row * y_.stride[1], bytes);
}

}  // namespace octavo
