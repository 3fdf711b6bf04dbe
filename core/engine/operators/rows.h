// Where the rows of a tensor begin, for operators that treat its last axes as one row.
#pragma once

#include "engine/tensor.h"

namespace octavo {

// The first `axes` axes of a tensor, counted in row-major order.
class Rows {
 public:
  Rows(const Tensor& tensor, int axes) : axes_(axes) {
    for (int i = 0; i < axes; ++i) {
      size_[i] = tensor.shape.dim[i];
      stride_[i] = tensor.stride[i];
      count_ *= size_[i];
    }
  }

  int64_t count() const { return count_; }

  // The offset in bytes of the first element of a row.
  int64_t offset(int64_t row) const {
    int64_t result = 0;
    for (int i = axes_ - 1; i >= 0; --i) {
      result += row % size_[i] * stride_[i];
      row /= size_[i];
    }
    return result;
  }

 private:
  int axes_;
  int64_t count_ = 1;
  int64_t size_[kMaxRank] = {}, stride_[kMaxRank] = {};
};

}  // namespace octavo
