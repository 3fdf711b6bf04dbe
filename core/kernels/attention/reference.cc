#include "kernels/attention/attention.h"

#include <cmath>
#include <cstring>

#include "kernels/scalar_lanes.h"

namespace octavo {

void reference::attention_weights(const AttentionRows& rows) {
  for (int64_t row = 0; row < rows.rows; ++row) {
    float* logits = rows.logits + row * rows.logits_stride;
    uint8_t* p = rows.p + row * rows.p_stride;
    const int64_t step = rows.seen + row * rows.seen_step, seen = step < rows.keys ? step : rows.keys;
    float top = kLowestLogit;
    bool known = true;
    for (int64_t j = 0; j < seen; ++j) {
      if (rows.mask != nullptr) logits[j] += rows.mask[row * rows.mask_stride + j];
      known &= logits[j] < __builtin_inff();
      top = logits[j] > top ? logits[j] : top;
    }
    int32_t sum = 0;
    std::memset(p, 0, static_cast<size_t>(rows.p_stride));
    for (int64_t j = 0; known && j < seen; ++j) {
      const Float exponent = max(Float(logits[j] - top) * Float(kLog2E), Float(kLeastExponent));
      p[j] = static_cast<uint8_t>(std::lrintf(exp2(exponent).v * 255.0f));
      sum += p[j];
    }
    const float r = sum > 0 ? 1.0f / static_cast<float>(sum) : 0.0f;
    rows.qparams[row] = {.scale = known ? r : __builtin_nanf(""), .addend = weights_addend(rows, sum)};
  }
}

}  // namespace octavo
