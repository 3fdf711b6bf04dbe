#include "engine/operators/conv_layer.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace octavo {
namespace {

constexpr uint8_t flip_of(DType dtype) { return dtype == DType::s8 ? 0x80 : 0; }

void check_types(const OperatorSpec& spec) {
  if (spec.inputs.empty() || spec.inputs.size() > 2 || spec.outputs.size() != 1)
    spec.fail("got " + std::to_string(spec.inputs.size()) + " inputs and " + std::to_string(spec.outputs.size()) +
              " outputs, expected x, perhaps a residual, and one output");
  for (const ValueType& input : spec.inputs)
    if (!is_quantized(input.dtype)) spec.fail("the inputs of an 8-bit layer must be uint8 or int8");
  const DType y = spec.outputs[0].dtype;
  if (!is_quantized(y) && y != DType::f32) spec.fail("the output must be uint8, int8 or float32");
  if (y == DType::f32 && spec.inputs.size() == 2) spec.fail("a float32 output takes no residual");
}

template <class T, size_t N, class Value>
void fill(T (&array)[N], Value value) {
  std::fill_n(array, N, static_cast<T>(value));
}

ConvOutput read_output(const OperatorSpec& spec) {
  const ValueType& y = spec.outputs[0];
  ConvOutput out;
  out.is_float = y.dtype == DType::f32;
  if (out.is_float) return out;
  fill(out.limit, kConvLimit);
  const int64_t least = quant_min(y.dtype), most = quant_max(y.dtype);
  const int64_t clamp_min = spec.optional_int("clamp_min").value_or(least);
  const int64_t clamp_max = spec.optional_int("clamp_max").value_or(most);
  if (clamp_min < least || clamp_max > most || clamp_min > clamp_max)
    spec.fail("got clamp_min " + std::to_string(clamp_min) + " and clamp_max " + std::to_string(clamp_max) +
              ", expected " + std::to_string(least) + " <= clamp_min <= clamp_max <= " + std::to_string(most));
  fill(out.zero_point, y.zero_point - least);
  fill(out.zero_point32, y.zero_point - least);
  fill(out.clamp_min, clamp_min - least);
  fill(out.clamp_max, clamp_max - least);
  fill(out.flip, flip_of(y.dtype));
  out.is_bare = out.zero_point[0] == 0 && out.clamp_min[0] == 0 && out.clamp_max[0] == 255;
  if (spec.inputs.size() == 1) return out;
  const ValueType& residual = spec.inputs[1];
  const float multiplier = scale_ratio(residual.scale, 1.0, y.scale);
  fill(out.residual_zero_point, residual.zero_point - quant_min(residual.dtype));
  fill(out.residual_multiplier, multiplier);
  fill(out.residual_start, 0x1p23 + out.residual_zero_point[0]);
  fill(out.residual_flip, flip_of(residual.dtype));
  if (!std::isfinite(255.0f * multiplier)) spec.fail("the residual's scale over the output's is not finite");
  return out;
}

// Whether |acc · multiplier| plus the residual's part stays under the limit whatever x and the residual are.
bool stays_small(const ConvConstants& constants, const ConvOutput& out) {
  const double reach = std::max(constants.zero_point, 255 - constants.zero_point);
  for (size_t c = 0; c < constants.bias.size(); ++c) {
    const auto magnitude = static_cast<double>(constants.sums[c].magnitude);
    const double bound = std::abs(static_cast<double>(constants.bias[c])) + magnitude * reach;
    if (bound * constants.multiplier[c] + 255.0 * out.residual_multiplier[0] >= kConvLimit) return false;
  }
  return true;
}

template <class T>
std::span<const T> entries(const OperatorSpec& spec, const std::string& role, DType dtype, int64_t count) {
  const Array& array = spec.constant(role, dtype);
  if (array.shape.elements() != count)
    spec.fail("constant '" + role + "' has " + std::to_string(array.shape.elements()) + " entries, expected " +
              std::to_string(count));
  return {array.as<T>(), static_cast<size_t>(count)};
}

}  // namespace

ConvNumbers read_conv_numbers(const OperatorSpec& spec, const ConvSizes& sizes) {
  check_types(spec);
  const ValueType& x = spec.inputs[0];
  ConvNumbers numbers;
  numbers.out = read_output(spec);
  numbers.x_flip = flip_of(x.dtype);
  numbers.y_item = item_size(spec.outputs[0].dtype);

  const auto weight_scale = entries<float>(spec, "weight_scale", DType::f32, sizes.oc);
  const double y_scale = numbers.out.is_float ? 1.0 : spec.outputs[0].scale;
  for (const float scale : weight_scale) {
    numbers.multiplier.push_back(scale_ratio(x.scale, scale, y_scale));
    if (!std::isfinite(numbers.multiplier.back())) spec.fail("the ratio of its scales is not finite");
  }
  numbers.weight = entries<int8_t>(spec, "weight", DType::s8, sizes.oc * sizes.ic * sizes.kh * sizes.kw);
  numbers.bias = entries<int32_t>(spec, "bias", DType::s32, sizes.oc);
  numbers.sums = sum_weights(numbers.weight, static_cast<size_t>(sizes.oc));
  numbers.zero_point = x.zero_point - quant_min(x.dtype);
  ConvOutput& out = numbers.out;
  out.is_plain =
      !out.is_float && out.flip[0] == 0 && out.residual_flip[0] == 0 && stays_small(numbers.constants(), out);
  return numbers;
}

ConvLayer make_conv_layer(const OperatorSpec& spec, const ConvSizes& sizes) {
  const ConvNumbers numbers = read_conv_numbers(spec, sizes);
  ConvLayer layer;
  layer.out = numbers.out;
  layer.x_flip = numbers.x_flip;
  layer.y_item = numbers.y_item;
  layer.walk = ConvWalk::named(spec.variant).value_or(ConvWalk{});
  layer.packed = pack_conv(spec.isa, sizes, numbers.constants(), layer.out.is_plain && layer.x_flip == 0);
  return layer;
}

}  // namespace octavo
