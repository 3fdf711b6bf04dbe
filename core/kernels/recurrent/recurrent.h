// The gates of recurrent layers, once the two products that feed them are there: from_x of the input and from_h of the
// state. Each float operation is a step of its own; sigmoid and tanh are those of float_math.h.
//
//   lstm: a = from_x + from_h;  i, f, o = sigmoid(a_i, a_f, a_o);  g = tanh(a_g)
//         c = f * c + i * g;  h = o * tanh(c)
//   gru:  r, z = sigmoid(from_x + from_h);  n = tanh(from_x_n + r * from_h_n)
//         h = (1 - z) * n + z * h_before
//   rnn:  h = tanh(from_x + from_h), or relu
//
// A quantized state is sat(rne(h * inverse) + zero_point), and h_before is f(level - zero_point) * scale.
#pragma once

#include <cstdint>

#include "kernels/elementwise.h"
#include "kernels/kernel_table.h"

namespace octavo {

// Units come in blocks: the products of gate g of unit u of a block lie at [g * kUnitBlock + u].
inline constexpr int kUnitBlock = 32;

// A few rows of a state in 8 bits. Strides are in bytes, from a row to the next.
struct StateLevels {
  float scale = 1.0f, inverse = 1.0f;
  Requantize y;  // of what is written to y; `before` and `after` hold levels, whatever the dtype
  const uint8_t* before = nullptr;
  uint8_t* after = nullptr;
  int64_t stride = 0;
  uint8_t* to_y = nullptr;
  int64_t y_stride = 0;
};

// A few rows by one block of units. Strides are in floats, from a row to the next.
struct GateTile {
  int64_t rows = 0, units = 0;  // units <= kUnitBlock
  const float* from_x = nullptr;
  int64_t from_x_stride = 0;
  int64_t from_x_gate = kUnitBlock;  // floats from a gate to the next; nothing past the units is read
  float* from_h = nullptr;           // left with anything
  int64_t from_h_stride = 0;
  float* c = nullptr;  // lstm: read and written
  int64_t c_stride = 0;
  // The state: floats, or levels.
  const float* h_before = nullptr;  // gru
  int64_t h_before_stride = 0;
  float* h = nullptr;
  int64_t h_stride = 0;
  StateLevels levels{};
};

using GateFunction = void (*)(const GateTile& tile);

struct GateKernels {
  GateFunction to_floats = nullptr, to_levels = nullptr;
};

struct RecurrentKernels {
  GateKernels lstm, gru, rnn_tanh, rnn_relu;
};

namespace reference {
extern const RecurrentKernels kRecurrent;
}  // namespace reference
namespace avx2 {
extern const RecurrentKernels kRecurrent;
}  // namespace avx2
namespace avx512 {
extern const RecurrentKernels kRecurrent;
}  // namespace avx512
namespace neon {
extern const RecurrentKernels kRecurrent;
}  // namespace neon

inline constexpr KernelTable<const RecurrentKernels*> kRecurrentKernels{{{Isa::reference, &reference::kRecurrent},
                                                                         {Isa::avx2, &avx2::kRecurrent},
                                                                         {Isa::avx512, &avx512::kRecurrent},
                                                                         {Isa::neon, &neon::kRecurrent}}};

}  // namespace octavo
