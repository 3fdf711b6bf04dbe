// Float32 functions in stated single steps: the same bits on every instruction set and in float_math.py, which states
// the same steps in NumPy.
//
// F is a vector of float lanes (one lane in reference code) with F(float), + - * / and, found by name: less(a, b), a
// mask false where one is NaN; is_nan(a); | of masks; select(mask, a, b); min(a, b) and max(a, b), b where one is NaN;
// absolute(a); negated(a); copy_sign(magnitude, sign); square_root(a); bits(F), a vector of int32 lanes with + - >> <<
// and I(int32_t); from_bits(I); to_float(I), exact below 2^24; look_up(float[16], I), the entry that the low four bits
// name. Each is rounded on its own. Everything has internal linkage.
#pragma once

#include <cstdint>

namespace octavo {

namespace {

constexpr float kMagic = 12582912.0f;  // 1.5 * 2^23: adding it leaves the nearest integer in the low bits
constexpr int32_t kMagicBits = 0x4b400000;
constexpr float kLog2E = 1.442695f;
constexpr float kLn2High = 0.693359375f;  // nine significant bits, so n * kLn2High is exact
constexpr float kLn2Low = -2.1219444e-4f;
constexpr int32_t kSqrtHalfBits = 0x3f3504f3;
constexpr float kSqrt2Less1 = 0.41421357f;

// Minimax coefficients, highest power first.
constexpr float kExp[] = {0.0013814222f, 0.008368899f, 0.041668404f, 0.1666652f, 0.49999994f, 1.0f, 1.0f};
constexpr float kExpm1[] = {0.001388251f, 0.00836658f, 0.0416672f, 0.16666543f, 0.49999997f};
constexpr float kLog[] = {0.06746639f,  -0.11675651f, 0.11888163f, -0.12405589f, 0.14219552f,
                          -0.16667996f, 0.20002119f,  -0.2500001f, 0.33333313f};
constexpr float kTanh[] = {-0.0057049883f, 0.020639088f, -0.053739715f, 0.13331442f, -0.3333328f};
constexpr float kErf[] = {7.853523e-05f, -0.00080100825f, 0.005188314f, -0.026853804f,
                          0.11283585f,   -0.37612626f,    0.12837917f};
constexpr float kExp2[] = {0.0013276472f, 0.009675541f, 0.05550713f, 0.2402212f, 0.69314694f, 1.0000001f};
constexpr float kLogErfc[] = {0.00018557401f, -0.0029396072f, 0.021805318f,   -0.10303737f,
                              -0.6382257f,    -1.12704f,      -0.00035371952f};

// b where a < b or b is NaN, else a: NaN wins.
template <class F>
inline F maximum(F a, F b) {
  return select(less(a, b) | is_nan(b), b, a);
}

// b where b < a or b is NaN, else a: NaN wins.
template <class F>
inline F minimum(F a, F b) {
  return select(less(b, a) | is_nan(b), b, a);
}

template <class F, int N>
inline F horner(F x, const float (&coefficients)[N]) {
  F total(coefficients[0]);
  for (int i = 1; i < N; ++i) total = total * x + F(coefficients[i]);
  return total;
}

template <class F>
inline F clamp(F x, float low, float high) {
  x = select(less(x, F(low)), F(low), x);
  return select(less(F(high), x), F(high), x);
}

// y * 2^n, rounded once, for n = shifted - kMagic. An instruction set may have its own.
template <class F>
inline F times_power(F y, F shifted) {
  using I = decltype(bits(y));
  // 2^n as two factors: a subnormal result rounds once, and an overflow gives infinity.
  const I power = bits(shifted) - I(kMagicBits);
  const I half = power >> 1;
  const F low = from_bits((half + I(127)) << 23);
  const F high = from_bits((power - half + I(127)) << 23);
  return y * low * high;
}

template <class F>
inline F exp(F x) {
  x = min(F(89.0f), max(F(-104.0f), x));
  const F shifted = x * F(kLog2E) + F(kMagic);
  const F n = shifted - F(kMagic);
  const F r = (x - n * F(kLn2High)) - n * F(kLn2Low);
  return times_power(horner(r, kExp), shifted);
}

// k ln 2 + ln(1 + f)
template <class F>
inline F log_of_parts(F f, F k) {
  const F square = f * f;
  F tail = f * square * horner(f, kLog) + k * F(kLn2Low);
  tail = tail - F(0.5f) * square;
  return (f + tail) + k * F(kLn2High);
}

template <class F>
inline F log(F x) {
  using I = decltype(bits(x));
  const auto subnormal = less(x, F(1.1754944e-38f));
  const I scaled = bits(select(subnormal, x * F(8388608.0f), x));
  const I exponent = (scaled - I(kSqrtHalfBits)) >> 23;
  const F f = from_bits(scaled - (exponent << 23)) - F(1.0f);
  const F k = to_float(exponent) - select(subnormal, F(23.0f), F(0.0f));
  F result = log_of_parts(f, k);
  result = select(less(x, F(__builtin_inff())), result, x);  // infinity and NaN
  result = select(less(x, F(0.0f)), F(__builtin_nanf("")), result);
  return select(less(F(0.0f), absolute(x)), result, select(less(x, F(1.0f)), F(-__builtin_inff()), result));
}

// ln(1 + x) for x in [0, 1]
template <class F>
inline F log1p(F x) {
  const auto above = less(F(kSqrt2Less1), x);
  return log_of_parts(select(above, (x - F(1.0f)) * F(0.5f), x), select(above, F(1.0f), F(0.0f)));
}

// e^x - 1 for x <= 0
template <class F>
inline F expm1(F x) {
  using I = decltype(bits(x));
  x = clamp(x, -25.0f, 0.0f);
  const F shifted = x * F(kLog2E) + F(kMagic);
  const F n = shifted - F(kMagic);
  const F r = (x - n * F(kLn2High)) - n * F(kLn2Low);
  const F power = from_bits((bits(shifted) - I(kMagicBits) + I(127)) << 23);
  return (r + r * r * horner(r, kExpm1)) * power + (power - F(1.0f));
}

template <class F>
inline F sigmoid(F x) {
  const F e = exp(F(0.0f) - absolute(x));
  return select(less(x, F(0.0f)), e, F(1.0f)) / (e + F(1.0f));
}

template <class F>
inline F tanh(F x) {
  const F a = absolute(x);
  const F square = a * a;
  const F small = a + a * square * horner(square, kTanh);
  const F large = F(1.0f) - F(2.0f) / (exp(a + a) + F(1.0f));
  return copy_sign(select(less(a, F(0.625f)), small, large), x);
}

template <class F>
inline F erf(F x) {
  const F a = absolute(x);
  const F small = a + a * horner(a * a, kErf);
  const F clipped = select(less(F(4.0f), a), F(4.0f), a);
  const F large = F(1.0f) - exp(horner(clipped, kLogErfc));
  return copy_sign(select(less(a, F(1.0f)), small, large), x);
}

// 2^x for x in [-126, 127]: 2^n as an addition to the exponent, n = rne(x), and a polynomial for the rest.
template <class F>
inline F exp2(F x) {
  const F shifted = x + F(kMagic);
  const F fraction = horner(x - (shifted - F(kMagic)), kExp2);
  return from_bits(bits(fraction) + (bits(shifted) << 23));
}

}  // namespace
}  // namespace octavo
