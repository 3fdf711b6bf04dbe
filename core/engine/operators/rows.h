// Where the rows of a tensor begin, for operators that treat its last axes as one row.
#pragma once

#include "engine/tensor.h"

namespace octavo {

// The first `axes` axes of a tensor, counted in row-major order; neighbours that step as one are merged.
class Rows {
 public:
  Rows() = default;  // one
  Rows(const Tensor& tensor, int axes) {
    for (int i = 0; i < axes; ++i) {
      const int64_t size = tensor.shape.dim[i], stride = tensor.stride[i];
      if (size == 1) continue;
      count_ *= size;
      if (axes_ > 0 && stride_[axes_ - 1] == size * stride) {
        size_[axes_ - 1] *= size;
      } else {
        size_[axes_++] = size;
      }
      stride_[axes_ - 1] = stride;
    }
  }

  int64_t count() const { return count_; }

  // The offset in bytes of the first element of a row.
  int64_t offset(int64_t row) const {
    int64_t result = 0;
    for (int i = axes_ - 1; i > 0; --i) {
      result += row % size_[i] * stride_[i];
      row /= size_[i];
    }
    return result + row * stride_[0];
  }

 private:
  int axes_ = 0;
  int64_t count_ = 1;
  int64_t size_[kMaxRank] = {}, stride_[kMaxRank] = {};
};

}  // namespace octavo
