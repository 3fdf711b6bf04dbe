// sdot multiplies signed bytes: pixels lose 128 by a flip of the top bit, which their bias makes good
// (ConvRow::x_zero).
#include "kernels/conv/neon_dot.h"

namespace octavo {
namespace {

struct SignedDot {
  using Bytes = int8x16_t;
  static Bytes load(const uint8_t* p, uint8_t x_flip) {
    return vreinterpretq_s8_u8(veorq_u8(vld1q_u8(p), vdupq_n_u8(x_flip ^ 0x80)));
  }
  template <int i>
  static int32x4_t dot(int32x4_t sums, int8x16_t weight, Bytes x) {
    return vdotq_laneq_s32(sums, weight, x, i);
  }
};

}  // namespace

const ConvFunction kConvNeonDotprod16[] = {nullptr,           run<SignedDot, 1>, run<SignedDot, 2>, run<SignedDot, 3>,
                                           run<SignedDot, 4>, run<SignedDot, 5>, run<SignedDot, 6>};

}  // namespace octavo
