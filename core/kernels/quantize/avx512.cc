#include "kernels/avx512.h"
// clang-format off: what the second one calls is in the first one
#include "kernels/quantize/interleave.h"
#include "kernels/quantize/vector.h"
// clang-format on

namespace octavo {
namespace {

struct QuantizeAvx512 : Avx512 {
  static __m128i quantize16(const float* x, int64_t n, Floats scale, const Requantize& y) {
    return levels16(round_clamped(Floats::load(x, n) * scale, y), y);
  }
};

}  // namespace

const QuantizeKernels avx512::kQuantize = {quantize<QuantizeAvx512>, dequantize<Avx512>};

}  // namespace octavo
