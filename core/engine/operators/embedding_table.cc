#include "engine/operators/embedding_table.h"

#include <stdexcept>

#include "engine/operators/elementwise.h"

namespace octavo {
namespace {

constexpr int64_t kOverhang = 64;  // bytes that kernels may read past the last level

std::vector<float> floats_of(const Array& array) {
  return {array.as<float>(), array.as<float>() + array.shape.elements()};
}

}  // namespace

Table::Table(const OperatorSpec& spec)
    : where_("operator '" + spec.name + "' (" + spec.type + "): "), kernels_(*kEmbeddingKernels[spec.isa]) {
  const bool quantized = spec.constants.contains("scale");
  const Array& weight = spec.constant("weight", quantized ? DType::u8 : DType::f32);
  if (weight.shape.rank != 2)
    spec.fail("constant 'weight' has shape " + to_text(weight.shape) + ", expected [rows, dim]");
  rows_ = weight.shape.dim[0];
  table_.dim = weight.shape.dim[1];
  if (!quantized) {
    floats_ = floats_of(weight);
    table_.floats = floats_.data();
    return;
  }
  levels_.reserve(weight.shape.elements() + kOverhang);
  levels_.assign(weight.as<uint8_t>(), weight.as<uint8_t>() + weight.shape.elements());
  levels_.resize(weight.shape.elements() + kOverhang);
  const Array &scale = spec.constant("scale", DType::f32), &offset = spec.constant("offset", DType::f32);
  for (const Array* line : {&scale, &offset})
    if (line->shape.rank != 1 || line->shape.dim[0] != rows_)
      spec.fail("constant 'scale' or 'offset' has shape " + to_text(line->shape) + ", expected [" +
                std::to_string(rows_) + "], one for each row");
  scale_ = floats_of(scale);
  offset_ = floats_of(offset);
  table_.levels = levels_.data();
  table_.scale = scale_.data();
  table_.offset = offset_.data();
}

std::exception_ptr Table::error(const FirstMistake::Entry& wrong, const Shape& ids) const {
  return std::make_exception_ptr(std::out_of_range(
      where_ + "id " + std::to_string(wrong.value) + " at " + to_text(place_of(wrong.position, ids)) +
      " is not in its table of " + std::to_string(rows_) + " rows, expected 0 to " + std::to_string(rows_ - 1)));
}

}  // namespace octavo
