#include "engine/operators/recurrent_layer.h"

#include <algorithm>
#include <vector>

#include "engine/operators/elementwise.h"

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

const Shape& matrix_shape(const OperatorSpec& spec, const std::string& role) {
  const Shape& shape = spec.constant(role, DType::s8).shape;
  if (shape.rank != 2 || shape.elements() < 1)
    spec.fail("constant '" + role + "' has shape " + to_text(shape) + ", expected two axes, none of them empty");
  return shape;
}

// The constants of one of the two products, with the outputs in the order of `output_of`; no bias where `bias` is
// empty.
PackedRowLinear pack_gates(const OperatorSpec& spec, const RecurrentLayer& layer, const std::string& role,
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

PackedRowLinear pack_projection(const OperatorSpec& spec, const RecurrentLayer& layer) {
  const Array& weight = rows_constant(spec, "weight_hr", DType::s8, 2, layer.out);
  const auto n = static_cast<size_t>(layer.out);
  const auto* scale = rows_constant(spec, "weight_hr_scale", DType::f32, 1, layer.out).as<float>();
  const std::vector<float> no_bias(n);
  return pack_row_linear(spec.isa, {.n = layer.out,
                                    .k = layer.hidden,
                                    .weight = {weight.as<int8_t>(), n * static_cast<size_t>(layer.hidden)},
                                    .weight_scale = {scale, n},
                                    .bias = no_bias});
}

bool same_type(const ValueType& a, const ValueType& b) {
  return a.dtype == b.dtype && (!is_quantized(a.dtype) || (a.scale == b.scale && a.zero_point == b.zero_point));
}

void check_values(const OperatorSpec& spec, RecurrentLayer& layer) {
  const auto states = static_cast<size_t>(layer.states);
  layer.has_lengths = !spec.inputs.empty() && spec.inputs.back().dtype == DType::s64;
  const size_t given = spec.inputs.size() - (layer.has_lengths ? 1 : 0);
  if ((given != 1 && given != 1 + states) || spec.outputs.size() != 1 + states)
    spec.fail("has " + std::to_string(spec.inputs.size()) + " inputs and " + std::to_string(spec.outputs.size()) +
              " outputs, expected x, perhaps " + std::to_string(states) +
              " states, perhaps lengths, and y and as many states");
  layer.has_states = given > 1;
  layer.x = spec.inputs[0];
  layer.y = spec.outputs[0];
  for (const ValueType& type : {layer.x, layer.y})
    require_dtype(spec, type, type.dtype == DType::f32 || is_quantized(type.dtype), "float32, uint8 or int8");
  const auto check = [&](const ValueType& type, size_t state) {
    if (state == 1) require_dtype(spec, type, type.dtype == DType::f32, "float32");
    if (state == 0 && !same_type(type, layer.y)) spec.fail("a state's type is not that of y");
  };
  for (size_t state = 0; state < states; ++state) {
    check(spec.outputs[1 + state], state);
    if (layer.has_states) check(spec.inputs[1 + state], state);
  }
}

}  // namespace

RecurrentLayer make_recurrent_layer(const OperatorSpec& spec, int64_t gates, int64_t states,
                                    const GateKernels& kernels) {
  RecurrentLayer layer{.where = "operator '" + spec.name + "' (" + spec.type + "): ",
                       .gates = gates,
                       .states = states,
                       .reverse = spec.int_of("reverse") != 0,
                       .takes_product = !spec.constants.contains("weight_ih"),
                       .quantize = kQuantizeKernels[spec.isa]};
  check_values(spec, layer);
  const bool projects = spec.constants.contains("weight_hr");
  layer.out = matrix_shape(spec, "weight_hh").dim[1];
  layer.hidden = projects ? matrix_shape(spec, "weight_hr").dim[1] : layer.out;
  const bool is_gru = spec.type == "gru";
  if (layer.takes_product)
    require_dtype(spec, layer.x, layer.x.dtype == DType::f32, "float32 where there is no weight_ih");
  else
    layer.input = pack_gates(spec, layer, "weight_ih", is_gru ? "bias_ih" : "bias");
  layer.state = pack_gates(spec, layer, "weight_hh", is_gru ? "bias_hh" : "");
  if (projects) layer.projection = pack_projection(spec, layer);
  if (layer.state_in_levels())
    layer.levels = {
        .scale = layer.y.scale, .inverse = scale_ratio(1.0, 1.0, layer.y.scale), .y = requantize_of(spec, layer.y)};
  layer.finish_gates = layer.state_in_levels() && !projects ? kernels.to_levels : kernels.to_floats;
  return layer;
}

}  // namespace octavo
