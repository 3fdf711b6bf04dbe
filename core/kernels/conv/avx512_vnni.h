// What the convolution kernels for AVX512-VNNI share. Everything has internal linkage.
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "kernels/unroll.h"
#include "kernels/vnni.h"

namespace octavo {
namespace {

[[gnu::always_inline]] inline __mmask64 first(int64_t count) {
  return count >= 64 ? ~__mmask64{0} : count <= 0 ? __mmask64{0} : (__mmask64{1} << count) - 1;
}

[[gnu::always_inline]] inline __m512i constant(const void* p) { return _mm512_load_si512(p); }

}  // namespace
}  // namespace octavo
