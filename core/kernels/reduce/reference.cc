#include "kernels/reduce/folds.h"
#include "kernels/scalar.h"
#include "kernels/scalar_lanes.h"

namespace octavo::reference {

void reduce(ReduceFunction function, const Block& block) {
  with_fold(function, block.count, [&]<class Fold>(Fold, float divisor) {
    for (int64_t row = 0; row < block.rows; ++row) {
      uint8_t* x = block.data[1] + row * block.row_stride[1];
      float lanes[16];
      for (float& lane : lanes) lane = Fold::kStart;
      for (int64_t i = 0; i < block.count; ++i)
        lanes[i % 16] = Fold::combine(Float(lanes[i % 16]), Float(as_float(x + i * block.stride[1]))).v;
      for (int width = 8; width > 0; width /= 2)
        for (int j = 0; j < width; ++j) lanes[j] = Fold::combine(Float(lanes[j]), Float(lanes[j + width])).v;
      as_float(block.data[0] + row * block.row_stride[0]) = lanes[0] / divisor;
    }
  });
}

}  // namespace octavo::reference
