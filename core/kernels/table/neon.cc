// A table look-up gives 0 where the index is past its 64 entries: the four quarters of the table, each looked up with
// the index less its first entry, are joined by an or.
#include "kernels/neon.h"
#include "kernels/table/table.h"

namespace octavo::neon {
namespace {

inline uint8x16_t look_up(uint8x16_t x, const uint8x16x4_t (&quarters)[4]) {
  const uint8x16_t step = vdupq_n_u8(64);
  uint8x16_t y = vqtbl4q_u8(quarters[0], x);
  for (int k = 1; k < 4; ++k) {
    x = vsubq_u8(x, step);
    y = vorrq_u8(y, vqtbl4q_u8(quarters[k], x));
  }
  return y;
}

}  // namespace

void table(const uint8_t* table, const Block& block) {
  if (block.stride[0] != 1 || block.stride[1] != 1) return reference::table(table, block);
  const uint8x16x4_t quarters[4] = {vld1q_u8_x4(table), vld1q_u8_x4(table + 64), vld1q_u8_x4(table + 128),
                                    vld1q_u8_x4(table + 192)};
  for (int64_t row = 0; row < block.rows; ++row) {
    uint8_t* y = block.data[0] + row * block.row_stride[0];
    const uint8_t* x = block.data[1] + row * block.row_stride[1];
    for (int64_t i = 0; i < block.count; i += 16)
      store(y + i, block.count - i, Neon::Bytes(look_up(vld1q_u8(x + i), quarters)));
  }
}

}  // namespace octavo::neon
