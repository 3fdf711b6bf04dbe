#include "kernels/float_unary/float_unary.h"

#include "kernels/avx512_lanes.h"

namespace octavo::avx512_vnni {

void float_unary(FloatFunction function, float low, float high, const Block& block) {
  if (block.stride[0] != 4 || block.stride[1] != 4) return reference::float_unary(function, low, high, block);
  with_function(function, [&]<FloatFunction chosen>() {
    for (int64_t row = 0; row < block.rows; ++row) {
      const float* x = floats(block.data[1] + row * block.row_stride[1]);
      float_row(floats(block.data[0] + row * block.row_stride[0]), block.count,
                [&](int64_t i, int64_t left) { return apply<chosen>(Floats(load_floats(x + i, left)), low, high).v; });
    }
  });
}

}  // namespace octavo::avx512_vnni
