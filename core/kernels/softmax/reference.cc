#include "kernels/softmax/softmax.h"

#include <limits>

#include "kernels/scalar.h"
#include "kernels/scalar_lanes.h"
#include "kernels/striped_sum.h"

namespace octavo::reference {

void softmax(const Block& block) {
  for (int64_t row = 0; row < block.rows; ++row) {
    uint8_t* y = block.data[0] + row * block.row_stride[0];
    uint8_t* x = block.data[1] + row * block.row_stride[1];
    float largest = -std::numeric_limits<float>::infinity();
    for (int64_t i = 0; i < block.count; ++i) {
      const float value = as_float(x + i * block.stride[1]);
      if (value > largest) largest = value;
    }
    StripedSum sum;
    for (int64_t i = 0; i < block.count; ++i) {
      const Float e = exp(Float(as_float(x + i * block.stride[1]) - largest));
      as_float(y + i * block.stride[0]) = e.v;
      sum.add(e.v);
    }
    const float total = sum.total();
    for (int64_t i = 0; i < block.count; ++i) as_float(y + i * block.stride[0]) /= total;
  }
}

}  // namespace octavo::reference
