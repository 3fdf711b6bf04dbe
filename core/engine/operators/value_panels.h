// Values of a running program as the factors of row_linear's products: the right one packed in panels, the left one as
// rows of bytes.
#pragma once

#include <algorithm>
#include <cstdint>

#include "engine/operators/elementwise.h"
#include "engine/spec.h"
#include "engine/tensor.h"
#include "kernels/row_linear/pack.h"
#include "kernels/value_panels/value_panels.h"

namespace octavo {

// Most products of a sum that stays in int32: of uint8 less its zero_point by [-127, 127], and of two 8-bit integers,
// each less its zero_point.
inline constexpr int64_t kMaxDynamicDepth = 2147483647 / (255 * 127);
inline constexpr int64_t kMaxStaticDepth = 2147483647 / (255 * 255);

// What one of them packs the other multiplies.
static_assert(std::ranges::all_of(kIsas, [](Isa isa) {
  return kRowLinearKernels.owner(isa) == kValuePanelKernels.owner(isa);
}));

// The kernels of an instruction set that such a product is made of.
struct ProductKernels {
  explicit ProductKernels(Isa isa);

  const RowLinearKernels* row_linear;
  const ValuePanelKernels* panels;
};

// Where a matrix lies: n outputs (or rows), each k deep. In bytes.
struct MatrixAt {
  const uint8_t* data = nullptr;
  int64_t outer_stride = 0, depth_stride = 0;
};

// The right factor: n outputs of k elements, and how they lie in scratch memory once packed.
class PackedValue {
 public:
  // type: float32, quantized symmetrically as it is packed; or 8-bit. factor: see ValuePanel.
  PackedValue(const ProductKernels& kernels, const ValueType& type, float factor, int64_t n, int64_t k);

  int64_t panels() const { return panels_; }
  int64_t bytes() const { return sums_at() + 2 * sums_bytes(); }  // a multiple of 64

  void pack(const MatrixAt& from, int64_t panel, uint8_t* memory) const noexcept;
  RowLinearPanels at(const uint8_t* memory) const;

 private:
  int64_t sums_at() const { return panels_ * panel_bytes_; }
  int64_t sums_bytes() const { return panels_ * kernels_.row_linear->nr * 4; }

  ProductKernels kernels_;
  ValueType type_;
  float factor_;
  int64_t n_, k_, panels_, panel_bytes_;
};

// The left factor: rows of k elements.
class LevelSource {
 public:
  // type: float32, each row quantized by its own range; or 8-bit. other: the right factor's type.
  LevelSource(const ProductKernels& kernels, const ValueType& type, const ValueType& other, int64_t k);

  int64_t row_bytes() const { return quantized_row_bytes(k_); }
  void make(const uint8_t* x, int64_t x_stride, int64_t rows, uint8_t* q, RowQParams* qparams) const noexcept;

 private:
  ProductKernels kernels_;
  ValueType type_, other_;
  int64_t k_;
};

// The zero_point of an 8-bit right factor once packed: its integers are then levels less 128.
inline int32_t packed_zero_point(const ValueType& type) {
  return type.dtype == DType::f32 ? 0 : levels_of(type).zero_point - 128;
}

// The i-th of `count` pieces of nearly equal size.
inline Range piece(int64_t size, int64_t i, int64_t count) { return {size * i / count, size * (i + 1) / count}; }

}  // namespace octavo
