#include "engine/operators/elementwise.h"

#include <stdexcept>

namespace octavo {

Loops::Loops(const Tensor& y, std::initializer_list<const Tensor*> inputs, int row_axis) {
  operand_[0] = &y;
  std::copy(inputs.begin(), inputs.end(), operand_.begin() + 1);

  int order[kMaxRank], used = 0;
  for (int axis = 0; axis < y.shape.rank; ++axis)
    if (axis != row_axis && y.shape.dim[axis] != 1) order[used++] = axis;
  std::stable_sort(order, order + used, [&](int a, int b) { return y.stride[a] > y.stride[b]; });
  for (int i = 0; i < used; ++i) append(y, order[i]);
  merge();
  if (row_axis >= 0) append(y, row_axis);

  while (axes_ < 2) {  // a loop of one round outside: rows and columns always exist
    std::copy_backward(axis_.begin(), axis_.begin() + axes_, axis_.begin() + axes_ + 1);
    axis_[0] = {};
    for (int i = 0; i < kOperands; ++i)
      axis_[0].stride[i] = operand_[i] != nullptr ? item_size(operand_[i]->type.dtype) : 0;
    ++axes_;
  }
  shareable_ = row_axis >= 0 ? axes_ - 1 : axes_;
  if (y.shape.elements() == 0) axis_[0].count = 0;
}

int Loops::largest_axis() const {
  int largest = 0;
  for (int axis = 1; axis < shareable_; ++axis)
    if (axis_[axis].count > axis_[largest].count) largest = axis;
  return largest;
}

// The outermost axis that divides well, so that what a thread writes lies together, as the operators before and after
// it have shared their rows: what another thread has written takes long to reach.
int Loops::shared_axis(int threads) const {
  for (int axis = 0; axis < shareable_; ++axis)
    if (axis_[axis].count % threads == 0 || axis_[axis].count >= 8 * threads) return axis;
  return largest_axis();
}

void Loops::append(const Tensor& y, int axis) {
  Axis& added = axis_[axes_++];
  added.count = y.shape.dim[axis];
  for (int i = 0; i < kOperands; ++i) {
    if (operand_[i] == nullptr) continue;
    const int own = axis - (y.shape.rank - operand_[i]->shape.rank);
    added.stride[i] = own < 0 || operand_[i]->shape.dim[own] == 1 ? 0 : operand_[i]->stride[own];
  }
}

// Lets an inner loop do the rounds of the one around it where all operands step through both as through one.
void Loops::merge() {
  for (int outer = axes_ - 2; outer >= 0; --outer) {
    const Axis& around = axis_[outer];
    Axis& inner = axis_[outer + 1];
    bool steps_as_one = true;
    for (int i = 0; i < kOperands; ++i) steps_as_one &= around.stride[i] == inner.count * inner.stride[i];
    if (!steps_as_one) continue;
    inner.count *= around.count;
    std::copy(axis_.begin() + outer + 1, axis_.begin() + axes_, axis_.begin() + outer);
    --axes_;
  }
}

Levels levels_of(const ValueType& type) {
  return {.zero_point = type.zero_point - quant_min(type.dtype), .flip = type.dtype == DType::s8 ? 0x80u : 0u};
}

Requantize requantize_of(const OperatorSpec& spec, const ValueType& type) {
  const int64_t low = spec.optional_int("clamp_min").value_or(quant_min(type.dtype));
  const int64_t high = spec.optional_int("clamp_max").value_or(quant_max(type.dtype));
  if (low < quant_min(type.dtype) || high > quant_max(type.dtype) || low > high)
    spec.fail("clamp_min " + std::to_string(low) + " and clamp_max " + std::to_string(high) +
              " are no range within the output's dtype");
  const Levels levels = levels_of(type);
  return {.low = static_cast<float>(low - type.zero_point),
          .high = static_cast<float>(high - type.zero_point),
          .zero_point = levels.zero_point,
          .flip = levels.flip};
}

void require_values(const OperatorSpec& spec, size_t inputs) {
  if (spec.inputs.size() != inputs || spec.outputs.size() != 1)
    spec.fail("has " + std::to_string(spec.inputs.size()) + " inputs and " + std::to_string(spec.outputs.size()) +
              " outputs, expected " + std::to_string(inputs) + " and 1");
}

void require_dtype(const OperatorSpec& spec, const ValueType& type, bool fits, const char* expected) {
  static constexpr const char* kNames[] = {"uint8", "int8", "int32", "int64", "float32"};
  if (!fits) spec.fail(std::string("a value is ") + kNames[static_cast<int>(type.dtype)] + ", expected " + expected);
}

std::string to_text(const Shape& shape) {
  std::string text = "[";
  for (int i = 0; i < shape.rank; ++i) text += (i > 0 ? ", " : "") + std::to_string(shape.dim[i]);
  return text + "]";
}

void shape_error(const std::string& name, const std::string& what) {
  throw std::invalid_argument("operator '" + name + "': " + what);
}

void require_broadcast(const std::string& name, std::span<const Shape> inputs, const Shape& output) {
  Shape shape;
  for (const Shape& input : inputs) shape.rank = std::max(shape.rank, input.rank);
  for (int axis = 0; axis < shape.rank; ++axis) {
    int64_t& size = shape.dim[axis] = 1;
    for (const Shape& input : inputs) {
      const int own = axis - (shape.rank - input.rank);
      if (own < 0 || input.dim[own] == 1 || input.dim[own] == size) continue;
      if (size != 1) shape_error(name, "the inputs' shapes do not broadcast: one of them is " + to_text(input));
      size = input.dim[own];
    }
  }
  if (!(shape == output))
    shape_error(name, "the output's shape is " + to_text(output) + ", expected " + to_text(shape));
}

void require_same(const std::string& name, const Shape& input, const Shape& output) {
  if (!(input == output))
    shape_error(name, "the output's shape is " + to_text(output) + ", expected the input's, " + to_text(input));
}

}  // namespace octavo
