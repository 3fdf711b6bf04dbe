// The lanes of float_math.h on AVX-512.
#pragma once

#include "kernels/avx512.h"
#include "kernels/float_math.h"

namespace octavo {
namespace {

struct Floats {
  __m512 v;
  explicit Floats(__m512 value) : v(value) {}
  explicit Floats(float value) : v(_mm512_set1_ps(value)) {}
};
struct Ints {
  __m512i v;
  explicit Ints(__m512i value) : v(value) {}
  explicit Ints(int32_t value) : v(_mm512_set1_epi32(value)) {}
};

inline Floats operator+(Floats a, Floats b) { return Floats(_mm512_add_ps(a.v, b.v)); }
inline Floats operator-(Floats a, Floats b) { return Floats(_mm512_sub_ps(a.v, b.v)); }
inline Floats operator*(Floats a, Floats b) { return Floats(_mm512_mul_ps(a.v, b.v)); }
inline Floats operator/(Floats a, Floats b) { return Floats(_mm512_div_ps(a.v, b.v)); }
inline Ints operator+(Ints a, Ints b) { return Ints(_mm512_add_epi32(a.v, b.v)); }
inline Ints operator-(Ints a, Ints b) { return Ints(_mm512_sub_epi32(a.v, b.v)); }
inline Ints operator>>(Ints a, int n) { return Ints(_mm512_srai_epi32(a.v, static_cast<unsigned>(n))); }
inline Ints operator<<(Ints a, int n) { return Ints(_mm512_slli_epi32(a.v, static_cast<unsigned>(n))); }
inline __mmask16 less(Floats a, Floats b) { return _mm512_cmp_ps_mask(a.v, b.v, _CMP_LT_OQ); }
inline Floats select(__mmask16 mask, Floats a, Floats b) { return Floats(_mm512_mask_mov_ps(b.v, mask, a.v)); }
inline Ints bits(Floats a) { return Ints(_mm512_castps_si512(a.v)); }
inline Floats from_bits(Ints a) { return Floats(_mm512_castsi512_ps(a.v)); }
inline Floats to_float(Ints a) { return Floats(_mm512_cvtepi32_ps(a.v)); }
inline Floats absolute(Floats a) { return Floats(_mm512_andnot_ps(_mm512_set1_ps(-0.0f), a.v)); }
inline Floats negated(Floats a) { return Floats(_mm512_xor_ps(_mm512_set1_ps(-0.0f), a.v)); }
inline Floats copy_sign(Floats magnitude, Floats sign) {
  return Floats(_mm512_or_ps(absolute(magnitude).v, _mm512_and_ps(_mm512_set1_ps(-0.0f), sign.v)));
}
inline Floats square_root(Floats a) { return Floats(_mm512_sqrt_ps(a.v)); }

}  // namespace
}  // namespace octavo
