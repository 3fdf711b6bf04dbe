// What a recurrent layer is, apart from where its tensors lie: weights, and how its input and its state are multiplied.
#pragma once

#include <cstdint>
#include <string>

#include "engine/spec.h"
#include "kernels/quantize/quantize.h"
#include "kernels/recurrent/recurrent.h"
#include "kernels/row_linear/pack.h"

namespace octavo {

struct RecurrentLayer {
  std::string where;              // what an error calls it
  int64_t gates = 0, states = 0;  // states: 2 with a cell (h and c), else 1
  int64_t hidden = 0, out = 0;    // units, and the width of h: another one with a projection
  bool reverse = false;
  bool takes_product = false;  // x is the input's product
  bool has_states = false, has_lengths = false;
  ValueType x{}, y{};  // either may be float32 (quantized as it arrives) or of 8 bits
  // Of the products, not of the projection, the outputs are [blocks][gates][kUnitBlock], zeros past `hidden`.
  PackedRowLinear input{}, state{}, projection{};
  GateFunction finish_gates = nullptr;  // to floats, or straight to a state of 8 bits
  const QuantizeKernels* quantize = nullptr;
  StateLevels levels{};  // of a state of 8 bits: without places

  int64_t blocks() const { return (hidden + kUnitBlock - 1) / kUnitBlock; }
  int64_t block_width() const { return gates * kUnitBlock; }
  bool projects() const { return projection.n > 0; }
  bool state_in_levels() const { return is_quantized(y.dtype); }
};

// `kernels`: the gates of the layer's type. Throws std::invalid_argument where values or constants do not fit.
RecurrentLayer make_recurrent_layer(const OperatorSpec& spec, int64_t gates, int64_t states,
                                    const GateKernels& kernels);

}  // namespace octavo
