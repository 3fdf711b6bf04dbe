// The weights of attention: rows of logits to bytes in proportion to their softmax, which are rows of row_linear; plain
// data.
//
// logit = logits + mask; top = max(lowest finite float, max logit); p = rne(2^max((logit - top) * log2 e, -20) * 255);
// r = 1 / f(sum p), or 0 where the sum is. A row with a logit that is NaN or +infinity has r = NaN.
#pragma once

#include <cstdint>

#include "kernels/kernel_table.h"
#include "kernels/row_linear/row_linear.h"

namespace octavo {

inline constexpr float kLowestLogit = -3.402823466e+38f;
inline constexpr float kLeastExponent = -20.0f;  // 2^-20 * 255 rounds to 0, as anything less would

struct AttentionRows {
  float* logits = nullptr;    // may be written
  int64_t logits_stride = 0;  // floats from a row to the next
  const float* mask = nullptr;
  int64_t mask_stride = 0;  // floats from a row to the next
  int64_t rows = 0, keys = 0;
  int64_t seen = 0;              // how many of the keys the first row sees, at least 1; p of the others is 0
  int64_t seen_step = 0;         // how many more each next row sees, up to all
  int32_t other_zero_point = 0;  // of what p is multiplied by
  uint8_t* p = nullptr;
  int64_t p_stride = 0;           // bytes from a row to the next: keys rounded up to 64 or more; zeros after the keys
  RowQParams* qparams = nullptr;  // r and the addend of each row
};

// -other_zero_point * sum, modulo 2^32 as all sums.
constexpr int32_t weights_addend(const AttentionRows& rows, int32_t sum) {
  return static_cast<int32_t>(0u - static_cast<uint32_t>(rows.other_zero_point) * static_cast<uint32_t>(sum));
}

using AttentionKernel = void (*)(const AttentionRows& rows);

namespace reference {
void attention_weights(const AttentionRows& rows);
}  // namespace reference
namespace avx2 {
void attention_weights(const AttentionRows& rows);
}  // namespace avx2
namespace avx512 {
void attention_weights(const AttentionRows& rows);
}  // namespace avx512
namespace neon {
void attention_weights(const AttentionRows& rows);
}  // namespace neon

inline constexpr KernelTable<AttentionKernel> kAttentionKernels{{{Isa::reference, reference::attention_weights},
                                                                 {Isa::avx2, avx2::attention_weights},
                                                                 {Isa::avx512, avx512::attention_weights},
                                                                 {Isa::neon, neon::attention_weights}}};

}  // namespace octavo
