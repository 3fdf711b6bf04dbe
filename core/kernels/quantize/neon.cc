#include "kernels/neon.h"
#include "kernels/quantize/interleave_neon.h"
#include "kernels/quantize/vector.h"

namespace octavo {
namespace {

struct QuantizeNeon : Neon {
  using Interleave = InterleaveNeon;

  static uint8x16_t quantize16(const float* x, int64_t n, Floats scale, const Requantize& y) {
    const auto part = [&](int64_t i) { return round_clamped(Floats::load(x + i, n > i ? n - i : 0) * scale, y); };
    return pack_levels(part(0), part(4), part(8), part(12), y).v;
  }
};

}  // namespace

const QuantizeKernels neon::kQuantize = {quantize<QuantizeNeon>, dequantize<Neon>};

}  // namespace octavo
