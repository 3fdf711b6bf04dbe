// Sine and cosine in the single steps of float_math.h; float_trigonometry.py states the same. Everything has internal
// linkage.
#pragma once

#include "kernels/float_math.h"

namespace octavo {
namespace {

constexpr float kTwoOverPi = 0.63661975f;
// pi/2 in parts of ten significant bits and a rest: n times one of them is exact for |n| < 2^14.
constexpr float kHalfPi[] = {1.5703125f, 0.00048398972f, -1.6298145e-07f, 6.082246e-11f, -5.1453115e-14f};
constexpr float kSineLimit = 16384.0f;
// Minimax coefficients, highest power first.
constexpr float kSin[] = {2.7182743e-06f, -0.0001983933f, 0.008333329f, -0.16666667f};
constexpr float kCos[] = {-2.720989e-07f, 2.4799516e-05f, -0.0013888883f, 0.041666668f};

// sin(x + quarters * pi/2) from x = n * pi/2 + (r + e), |r| <= pi/4, e what r lost by rounding; NaN for |x| > 16384.
template <class F>
inline F sine(F x, int32_t quarters) {
  using I = decltype(bits(x));
  const F shifted = x * F(kTwoOverPi) + F(kMagic);
  const F n = shifted - F(kMagic);
  F r = (x - n * F(kHalfPi[0])) - n * F(kHalfPi[1]);
  F e(0.0f);
  for (int part = 2; part < 5; ++part) {
    const F product = n * F(kHalfPi[part]);
    const F rest = r - product;
    e = e + ((r - rest) - product);
    r = rest;
  }
  const I quarter = bits(shifted) + I(quarters);
  const F square = r * r;
  const F sine = r + (e + r * square * horner(square, kSin));
  const F half = F(0.5f) * square;
  const F high = F(1.0f) - half;
  const F cosine = high + (((F(1.0f) - high) - half) + (square * square * horner(square, kCos) - r * e));
  F y = select(less(to_float(quarter << 31), F(0.0f)), cosine, sine);
  y = select(less(to_float((quarter >> 1) << 31), F(0.0f)), negated(y), y);
  return select(less(F(kSineLimit), absolute(x)), F(__builtin_nanf("")), y);
}

}  // namespace
}  // namespace octavo
