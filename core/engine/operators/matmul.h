// What the products of two values have in common: which matrices meet, and how they lie.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/operator.h"
#include "engine/spec.h"

namespace octavo {

// y [..., m, n] = a [..., m, k] · b [..., k, n] (or [..., n, k]), where leading axes broadcast.
struct MatmulSizes {
  MatmulSizes(const Shape& a, const Shape& b, bool transpose_b);

  int64_t m, n, k;
  int64_t a_matrices, b_matrices;
};

// The same, with where each matrix begins: bytes from the start of its tensor.
struct MatmulPlaces : MatmulSizes {
  MatmulPlaces(const Tensor& a, const Tensor& b, const Tensor& y, bool transpose_b);

  std::vector<int64_t> a_at, b_at, y_at;
  std::vector<int64_t> a_of, b_of;          // for each matrix of y: which of a and of b
  int64_t a_row, y_row;                     // bytes from a row to the next
  int64_t b_output_stride, b_depth_stride;  // bytes along n and along k
};

// Throws unless the shapes fit and k is at most `deepest`.
void check_matmul(const std::string& name, std::span<const Shape> in, const Shape& out, bool transpose_b,
                  int64_t deepest);

// The float32 form of matmul.
std::unique_ptr<Operator> make_float_matmul(const OperatorSpec& spec);

}  // namespace octavo
