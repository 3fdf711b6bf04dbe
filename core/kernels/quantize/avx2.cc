#include "kernels/avx2.h"
#include "kernels/quantize/interleave_sse.h"
#include "kernels/quantize/vector.h"

namespace octavo {
namespace {

struct QuantizeAvx2 : Avx2 {
  using Interleave = InterleaveSse;

  static __m128i quantize16(const float* x, int64_t n, Floats scale, const Requantize& y) {
    const Ints none(0);
    const Ints first = round_clamped(Floats::load(x, n) * scale, y);
    const Ints second = n > 8 ? round_clamped(Floats::load(x + 8, n - 8) * scale, y) : none;
    return _mm256_castsi256_si128(pack_levels(first, second, none, none, y).v);
  }
};

}  // namespace

const QuantizeKernels avx2::kQuantize = {quantize<QuantizeAvx2>, dequantize<Avx2>};

}  // namespace octavo
