// The lanes of float_math.h on AVX2.
#pragma once

#include "kernels/avx2.h"
#include "kernels/float_math.h"

namespace octavo {
namespace {

struct Floats {
  __m256 v;
  explicit Floats(__m256 value) : v(value) {}
  explicit Floats(float value) : v(_mm256_set1_ps(value)) {}
};
struct Ints {
  __m256i v;
  explicit Ints(__m256i value) : v(value) {}
  explicit Ints(int32_t value) : v(_mm256_set1_epi32(value)) {}
};
struct Mask {
  __m256 v;
};

inline Floats operator+(Floats a, Floats b) { return Floats(_mm256_add_ps(a.v, b.v)); }
inline Floats operator-(Floats a, Floats b) { return Floats(_mm256_sub_ps(a.v, b.v)); }
inline Floats operator*(Floats a, Floats b) { return Floats(_mm256_mul_ps(a.v, b.v)); }
inline Floats operator/(Floats a, Floats b) { return Floats(_mm256_div_ps(a.v, b.v)); }
inline Ints operator+(Ints a, Ints b) { return Ints(_mm256_add_epi32(a.v, b.v)); }
inline Ints operator-(Ints a, Ints b) { return Ints(_mm256_sub_epi32(a.v, b.v)); }
inline Ints operator>>(Ints a, int n) { return Ints(_mm256_srai_epi32(a.v, n)); }
inline Ints operator<<(Ints a, int n) { return Ints(_mm256_slli_epi32(a.v, n)); }
inline Mask less(Floats a, Floats b) { return {_mm256_cmp_ps(a.v, b.v, _CMP_LT_OQ)}; }
inline Floats select(Mask mask, Floats a, Floats b) { return Floats(_mm256_blendv_ps(b.v, a.v, mask.v)); }
inline Ints bits(Floats a) { return Ints(_mm256_castps_si256(a.v)); }
inline Floats from_bits(Ints a) { return Floats(_mm256_castsi256_ps(a.v)); }
inline Floats to_float(Ints a) { return Floats(_mm256_cvtepi32_ps(a.v)); }
inline Floats absolute(Floats a) { return Floats(_mm256_andnot_ps(_mm256_set1_ps(-0.0f), a.v)); }
inline Floats negated(Floats a) { return Floats(_mm256_xor_ps(_mm256_set1_ps(-0.0f), a.v)); }
inline Floats copy_sign(Floats magnitude, Floats sign) {
  return Floats(_mm256_or_ps(absolute(magnitude).v, _mm256_and_ps(_mm256_set1_ps(-0.0f), sign.v)));
}
inline Floats square_root(Floats a) { return Floats(_mm256_sqrt_ps(a.v)); }

}  // namespace
}  // namespace octavo
