#include "engine/operators/value_panels.h"

#include <algorithm>
#include <cstring>

namespace octavo {
namespace {

int64_t round_up(int64_t n, int64_t step) { return (n + step - 1) / step * step; }

}  // namespace

ProductKernels::ProductKernels(Isa isa) : row_linear(kRowLinearKernels[isa]), panels(kValuePanelKernels[isa]) {}

PackedValue::PackedValue(const ProductKernels& kernels, const ValueType& type, float factor, int64_t n, int64_t k)
    : kernels_(kernels),
      type_(type),
      factor_(factor),
      n_(n),
      k_(k),
      panels_((n + kernels.row_linear->nr - 1) / kernels.row_linear->nr),
      panel_bytes_(row_linear_panel_bytes(*kernels.row_linear, k)) {}

void PackedValue::pack(const MatrixAt& from, int64_t panel, uint8_t* memory) const noexcept {
  const int64_t nr = kernels_.row_linear->nr, first = panel * nr;
  const int64_t packed = round_up(k_, kernels_.row_linear->interleave) * nr;
  uint8_t* weight = memory + panel * panel_bytes_;
  auto* sums = reinterpret_cast<int32_t*>(memory + sums_at());
  auto* scales = reinterpret_cast<float*>(memory + sums_at() + sums_bytes());
  const ValuePanel given{.x = from.data + first * from.outer_stride,
                         .output_stride = from.outer_stride,
                         .depth_stride = from.depth_stride,
                         .outputs = std::min(nr, n_ - first),
                         .k = k_,
                         .factor = factor_,
                         .flip = levels_of(type_).flip,
                         .weight = reinterpret_cast<int8_t*>(weight),
                         .minus_sum = sums + first,
                         .weight_scale = scales + first};
  const bool in_rows = from.depth_stride == item_size(type_.dtype);
  if (type_.dtype == DType::f32)
    (in_rows ? kernels_.panels->float_rows : kernels_.panels->float_columns)(given);
  else
    (in_rows ? kernels_.panels->level_rows : kernels_.panels->level_columns)(given);
  std::memset(weight + packed, 0, static_cast<size_t>(panel_bytes_ - packed));
}

RowLinearPanels PackedValue::at(const uint8_t* memory) const {
  return {.kernels = kernels_.row_linear,
          .n = n_,
          .k = k_,
          .panels = panels_,
          .panel_bytes = panel_bytes_,
          .weight = reinterpret_cast<const int8_t*>(memory),
          .minus_sum = reinterpret_cast<const int32_t*>(memory + sums_at()),
          .weight_scale = reinterpret_cast<const float*>(memory + sums_at() + sums_bytes())};
}

LevelSource::LevelSource(const ProductKernels& kernels, const ValueType& type, const ValueType& other, int64_t k)
    : kernels_(kernels), type_(type), other_(other), k_(k) {}

void LevelSource::make(const uint8_t* x, int64_t x_stride, int64_t rows, uint8_t* q,
                       RowQParams* qparams) const noexcept {
  if (type_.dtype == DType::f32) {
    kernels_.row_linear->quantize({.x = reinterpret_cast<const float*>(x),
                                   .x_stride = x_stride / 4,
                                   .rows = rows,
                                   .k = k_,
                                   .q = q,
                                   .q_stride = row_bytes(),
                                   .qparams = qparams});
    return;
  }
  const Levels levels = levels_of(type_);
  kernels_.panels->copy_levels({.x = x,
                                .x_stride = x_stride,
                                .rows = rows,
                                .k = k_,
                                .flip = levels.flip,
                                .zero_point = levels.zero_point,
                                .other_zero_point = packed_zero_point(other_),
                                .q = q,
                                .q_stride = row_bytes(),
                                .qparams = qparams});
}

}  // namespace octavo
