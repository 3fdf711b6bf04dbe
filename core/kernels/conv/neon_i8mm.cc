// sudot multiplies signed weights by unsigned pixels as they are.
#include "kernels/conv/neon_dot.h"

namespace octavo {
namespace {

struct MixedDot {
  using Bytes = uint8x16_t;
  static Bytes load(const uint8_t* p, uint8_t x_flip) { return veorq_u8(vld1q_u8(p), vdupq_n_u8(x_flip)); }
  template <int i>
  static int32x4_t dot(int32x4_t sums, int8x16_t weight, Bytes x) {
    return vsudotq_laneq_s32(sums, weight, x, i);
  }
};

}  // namespace

const ConvFunction kConvNeonI8mm16[] = {nullptr,          run<MixedDot, 1>, run<MixedDot, 2>, run<MixedDot, 3>,
                                        run<MixedDot, 4>, run<MixedDot, 5>, run<MixedDot, 6>};

}  // namespace octavo
