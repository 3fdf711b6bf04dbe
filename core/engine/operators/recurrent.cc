// lstm, gru and rnn: one layer in one direction, int8 weights, activations quantized row by row as they arrive.
#include <algorithm>
#include <string>
#include <vector>

#include "engine/operators/elementwise.h"
#include "engine/operators/recurrent_step.h"
#include "engine/operators/registry.h"

namespace octavo {
namespace {

// The output of a product where gate `gate` of unit `unit` lies.
int64_t output_of(const RecurrentLayer& layer, int64_t gate, int64_t unit) {
  return (unit / kUnitBlock * layer.gates + gate) * kUnitBlock + unit % kUnitBlock;
}

const Array& rows_constant(const OperatorSpec& spec, const std::string& role, DType dtype, int rank, int64_t rows) {
  const Array& array = spec.constant(role, dtype);
  if (array.shape.rank != rank || array.shape.elements() < 1 || array.shape.dim[0] != rows)
    spec.fail("constant '" + role + "' has shape " + to_text(array.shape) + ", expected " + std::to_string(rank) +
              " axes and " + std::to_string(rows) + " rows");
  return array;
}

// The constants of one of the two products, with the outputs in the order of `output_of`; no bias where `bias` is
// empty.
PackedRowLinear pack(const OperatorSpec& spec, const RecurrentLayer& layer, const std::string& role,
                     const std::string& bias) {
  const int64_t rows = layer.gates * layer.hidden, n = layer.blocks() * layer.block_width();
  const Array& given = rows_constant(spec, role, DType::s8, 2, rows);
  const auto* scale = rows_constant(spec, role + "_scale", DType::f32, 1, rows).as<float>();
  const float* added = bias.empty() ? nullptr : rows_constant(spec, bias, DType::f32, 1, rows).as<float>();
  const int64_t k = given.shape.dim[1];
  std::vector<int8_t> weight(static_cast<size_t>(n * k));
  std::vector<float> scales(static_cast<size_t>(n)), biases(static_cast<size_t>(n));
  for (int64_t gate = 0; gate < layer.gates; ++gate)
    for (int64_t unit = 0; unit < layer.hidden; ++unit) {
      const int64_t from = gate * layer.hidden + unit, to = output_of(layer, gate, unit);
      std::copy_n(given.as<int8_t>() + from * k, k, weight.begin() + to * k);
      scales[static_cast<size_t>(to)] = scale[from];
      if (added != nullptr) biases[static_cast<size_t>(to)] = added[from];
    }
  return pack_row_linear(spec.isa, {.n = n, .k = k, .weight = weight, .weight_scale = scales, .bias = biases});
}

RecurrentLayer make_layer(const OperatorSpec& spec, int64_t gates, int64_t states) {
  if ((spec.inputs.size() != 1 && spec.inputs.size() != static_cast<size_t>(1 + states)) ||
      spec.outputs.size() != static_cast<size_t>(1 + states))
    spec.fail("has " + std::to_string(spec.inputs.size()) + " inputs and " + std::to_string(spec.outputs.size()) +
              " outputs, expected x and perhaps " + std::to_string(states) + " states, and y and as many states");
  for (const auto* values : {&spec.inputs, &spec.outputs})
    for (const ValueType& type : *values) require_dtype(spec, type, type.dtype == DType::f32, "float32");
  RecurrentLayer layer{.gates = gates, .states = states, .reverse = spec.int_of("reverse") != 0};
  const Shape& weight = spec.constant("weight_hh", DType::s8).shape;
  if (weight.rank != 2 || weight.dim[1] < 1)
    spec.fail("constant 'weight_hh' has shape " + to_text(weight) + ", expected [gates * hidden, hidden]");
  layer.hidden = weight.dim[1];
  const bool is_gru = spec.type == "gru";
  layer.input = pack(spec, layer, "weight_ih", is_gru ? "bias_ih" : "bias");
  layer.state = pack(spec, layer, "weight_hh", is_gru ? "bias_hh" : "");
  return layer;
}

class Recurrent final : public Operator {
 public:
  Recurrent(const OperatorSpec& spec, RecurrentLayer layer) : name_(spec.name), layer_(std::move(layer)) {}

  void check(std::span<const Shape> in, std::span<const Shape> out) const override {
    const Shape& x = in[0];
    if (x.rank != 3 || x.dim[2] != layer_.input.k)
      shape_error(name_, "x's shape is " + to_text(x) + ", expected [t, n, " + std::to_string(layer_.input.k) + "]");
    const Shape y{3, {x.dim[0], x.dim[1], layer_.hidden}}, state{2, {x.dim[1], layer_.hidden}};
    if (!(out[0] == y)) shape_error(name_, "y's shape is " + to_text(out[0]) + ", expected " + to_text(y));
    for (const auto& shapes : {in.subspan(1), out.subspan(1)})
      for (const Shape& shape : shapes)
        if (!(shape == state))
          shape_error(name_, "a state's shape is " + to_text(shape) + ", expected " + to_text(state));
  }

  InputNeed input_need(int, std::span<const Shape>) const override { return {Order::row_major, {}}; }
  Order output_order() const override { return Order::row_major; }
  int64_t scratch_bytes(std::span<const Shape> in) const override { return RecurrentScratch(layer_, in[0]).bytes; }

  std::unique_ptr<Step> bind(std::span<const Tensor> in, std::span<const Tensor> out) const override {
    return std::make_unique<RecurrentStep>(layer_, in, out);
  }

 private:
  std::string name_;
  RecurrentLayer layer_;
};

const RecurrentKernels& kernels_of(const OperatorSpec& spec) { return *kRecurrentKernels[static_cast<int>(spec.isa)]; }

}  // namespace

std::unique_ptr<Operator> make_lstm(const OperatorSpec& spec) {
  RecurrentLayer layer = make_layer(spec, 4, 2);
  layer.finish_gates = kernels_of(spec).lstm;
  return std::make_unique<Recurrent>(spec, std::move(layer));
}

std::unique_ptr<Operator> make_gru(const OperatorSpec& spec) {
  RecurrentLayer layer = make_layer(spec, 3, 1);
  layer.finish_gates = kernels_of(spec).gru;
  return std::make_unique<Recurrent>(spec, std::move(layer));
}

std::unique_ptr<Operator> make_rnn(const OperatorSpec& spec) {
  RecurrentLayer layer = make_layer(spec, 1, 1);
  const auto found = spec.strings.find("nonlinearity");
  const std::string nonlinearity = found == spec.strings.end() ? "" : found->second;
  if (nonlinearity != "tanh" && nonlinearity != "relu")
    spec.fail("attribute 'nonlinearity' is '" + nonlinearity + "', expected 'tanh' or 'relu'");
  layer.finish_gates = nonlinearity == "relu" ? kernels_of(spec).rnn_relu : kernels_of(spec).rnn_tanh;
  return std::make_unique<Recurrent>(spec, std::move(layer));
}

}  // namespace octavo
