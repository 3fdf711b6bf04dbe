#include "kernels/avx512.h"
#include "kernels/quantize/interleave_sse.h"
#include "kernels/quantize/vector.h"

namespace octavo {
namespace {

struct QuantizeAvx512 : Avx512 {
  using Interleave = InterleaveSse;

  static __m128i quantize16(const float* x, int64_t n, Floats scale, const Requantize& y) {
    return levels16(round_clamped(Floats::load(x, n) * scale, y), y);
  }
};

}  // namespace

const QuantizeKernels avx512::kQuantize = {quantize<QuantizeAvx512>, dequantize<Avx512>};

}  // namespace octavo
