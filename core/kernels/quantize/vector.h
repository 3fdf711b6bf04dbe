// The quantize kernels of every vector instruction set V (kernels/vector.h).
#pragma once

#include "kernels/quantize/planes.h"
#include "kernels/quantize/quantize.h"
#include "kernels/vector.h"

namespace octavo {
namespace {

// V::quantize16(x, n, scale, y) gives the V::Interleave::Bytes of n <= 16 floats; see quantize_planes.
template <class V>
void quantize(float inv, const Requantize& out, const Block& block) {
  using Floats = typename V::Floats;
  const Requantize y = out;  // a copy that no store of bytes can alias
  const Floats scale(inv);
  if (block.stride[0] == 1 && block.stride[1] == 4) {
    for (int64_t row = 0; row < block.rows; ++row) {
      const float* x = floats(block.data[1] + row * block.row_stride[1]);
      requantize_row<V>(block.data[0] + row * block.row_stride[0], block.count, y,
                        [&](int64_t i, int64_t left) { return Floats::load(x + i, left) * scale; });
    }
  } else if (block.stride[0] == 1 && block.row_stride[1] == 4) {
    quantize_planes<typename V::Interleave>(block,
                                            [&](const float* x, int64_t n) { return V::quantize16(x, n, scale, y); });
  } else {
    reference::kQuantize.quantize(inv, y, block);
  }
}

template <class V>
void dequantize(const Levels& in, float scale, const Block& block) {
  if (block.stride[0] != 4 || block.stride[1] != 1) return reference::kQuantize.dequantize(in, scale, block);
  const Levels x = in;
  for (int64_t row = 0; row < block.rows; ++row) {
    const uint8_t* from = block.data[1] + row * block.row_stride[1];
    float_row<V>(floats(block.data[0] + row * block.row_stride[0]), block.count,
                 [&](int64_t i, int64_t) { return load_levels<V>(from + i, x) * typename V::Floats(scale); });
  }
}

}  // namespace
}  // namespace octavo
