#include <algorithm>

#include "engine/operators/elementwise.h"
#include "engine/operators/matmul.h"
#include "engine/operators/rows.h"

namespace octavo {
namespace {

int64_t matrices_of(const Shape& shape) {
  int64_t count = 1;
  for (int axis = 0; axis < shape.rank - 2; ++axis) count *= shape.dim[axis];
  return count;
}

std::vector<int64_t> starts(const Tensor& tensor) {
  const Rows matrices(tensor, tensor.shape.rank - 2);
  std::vector<int64_t> result(static_cast<size_t>(matrices.count()));
  for (size_t i = 0; i < result.size(); ++i) result[i] = matrices.offset(static_cast<int64_t>(i));
  return result;
}

// For each matrix of y, in row-major order, that of x which broadcasts to it.
std::vector<int64_t> matrices_met(const Shape& x, const Shape& y) {
  std::vector<int64_t> result(static_cast<size_t>(matrices_of(y)));
  const int missing = y.rank - x.rank;
  for (size_t i = 0; i < result.size(); ++i) {
    int64_t left = static_cast<int64_t>(i), step = 1;
    for (int axis = y.rank - 3; axis >= missing; --axis) {
      const int64_t own = x.dim[axis - missing];
      if (own != 1) result[i] += left % y.dim[axis] * step;
      left /= y.dim[axis];
      step *= own;
    }
  }
  return result;
}

Shape product_of(const std::string& name, const Shape& a, const Shape& b, const MatmulSizes& sizes) {
  Shape y{.rank = std::max(a.rank, b.rank)};
  for (int axis = 0; axis < y.rank - 2; ++axis) {
    const int own_a = axis - (y.rank - a.rank), own_b = axis - (y.rank - b.rank);
    const int64_t n_a = own_a < 0 ? 1 : a.dim[own_a], n_b = own_b < 0 ? 1 : b.dim[own_b];
    if (n_a != n_b && n_a != 1 && n_b != 1)
      shape_error(name, "shapes " + to_text(a) + " and " + to_text(b) + " do not broadcast");
    y.dim[axis] = n_a == 1 ? n_b : n_a;
  }
  y.dim[y.rank - 2] = sizes.m;
  y.dim[y.rank - 1] = sizes.n;
  return y;
}

}  // namespace

MatmulSizes::MatmulSizes(const Shape& a, const Shape& b, bool transpose_b)
    : m(a.dim[a.rank - 2]),
      n(b.dim[b.rank - (transpose_b ? 2 : 1)]),
      k(a.dim[a.rank - 1]),
      a_matrices(matrices_of(a)),
      b_matrices(matrices_of(b)) {}

MatmulPlaces::MatmulPlaces(const Tensor& a, const Tensor& b, const Tensor& y, bool transpose_b)
    : MatmulSizes(a.shape, b.shape, transpose_b),
      a_at(starts(a)),
      b_at(starts(b)),
      y_at(starts(y)),
      a_of(matrices_met(a.shape, y.shape)),
      b_of(matrices_met(b.shape, y.shape)),
      a_row(a.stride[a.shape.rank - 2]),
      y_row(y.stride[y.shape.rank - 2]),
      b_output_stride(b.stride[b.shape.rank - (transpose_b ? 2 : 1)]),
      b_depth_stride(b.stride[b.shape.rank - (transpose_b ? 1 : 2)]) {}

void check_matmul(const std::string& name, std::span<const Shape> in, const Shape& out, bool transpose_b,
                  int64_t deepest) {
  const Shape &a = in[0], &b = in[1];
  const char* wanted = transpose_b ? "[..., n, k]" : "[..., k, n]";
  if (a.rank < 2 || b.rank < 2 || b.dim[b.rank - (transpose_b ? 1 : 2)] != a.dim[a.rank - 1])
    shape_error(name,
                "the inputs' shapes are " + to_text(a) + " and " + to_text(b) + ", expected [..., m, k] and " + wanted);
  const MatmulSizes sizes(a, b, transpose_b);
  if (sizes.k > deepest)
    shape_error(name, "k is " + std::to_string(sizes.k) + ", " + std::to_string(deepest) + " is the most");
  const Shape y = product_of(name, a, b, sizes);
  if (!(y == out)) shape_error(name, "the output's shape is " + to_text(out) + ", expected " + to_text(y));
}

}  // namespace octavo
