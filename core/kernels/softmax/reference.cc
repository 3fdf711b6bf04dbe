#include "kernels/softmax/softmax.h"

#include <limits>

#include "kernels/scalar.h"
#include "kernels/scalar_lanes.h"
#include "kernels/striped_sum.h"

namespace octavo::reference {
namespace {

// Calls finish(row's x, row's y, largest, sum) for each row.
template <class Finish>
void for_each_row(const Block& block, Finish finish) {
  for (int64_t row = 0; row < block.rows; ++row) {
    uint8_t* y = block.data[0] + row * block.row_stride[0];
    uint8_t* x = block.data[1] + row * block.row_stride[1];
    float largest = -std::numeric_limits<float>::infinity();
    for (int64_t i = 0; i < block.count; ++i) {
      const float value = as_float(x + i * block.stride[1]);
      if (value > largest) largest = value;
    }
    StripedSum sum;
    for (int64_t i = 0; i < block.count; ++i) sum.add(exp(Float(as_float(x + i * block.stride[1]) - largest)).v);
    finish(x, y, largest, sum.total());
  }
}

}  // namespace

void softmax(const Block& block) {
  for_each_row(block, [&](uint8_t* x, uint8_t* y, float largest, float sum) {
    for (int64_t i = 0; i < block.count; ++i)
      as_float(y + i * block.stride[0]) = exp(Float(as_float(x + i * block.stride[1]) - largest)).v / sum;
  });
}

void log_softmax(const Block& block) {
  for_each_row(block, [&](uint8_t* x, uint8_t* y, float largest, float sum) {
    const float logarithm = log(Float(sum)).v;
    for (int64_t i = 0; i < block.count; ++i)
      as_float(y + i * block.stride[0]) = as_float(x + i * block.stride[1]) - largest - logarithm;
  });
}

}  // namespace octavo::reference
