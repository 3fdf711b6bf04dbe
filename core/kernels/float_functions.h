// Activations and other functions of one float, in the single steps of float_math.h; float_functions.py states the
// same. Everything has internal linkage.
#pragma once

#include "kernels/float_math.h"
#include "kernels/float_trigonometry.h"

namespace octavo {

enum class FloatFunction : uint8_t {
  clamp,
  relu,
  sigmoid,
  tanh,
  exp,
  silu,
  gelu,
  hardswish,
  hardsigmoid,
  erf,
  log,
  sqrt,
  neg,
  abs,
  reciprocal,
  gelu_tanh,
  mish,
  log_sigmoid,
  rsqrt,
  sin,
  cos,
  elu,
  softplus
};

// clamp: min, max; elu: alpha, scale, input_scale; softplus: beta, threshold. The other functions do not read them.
struct FloatParameters {
  float p[3] = {};
};

namespace {

constexpr float kGeluLinear = 1.5957691f;   // 2 * sqrt(2 / pi)
constexpr float kGeluCubic = 0.071354814f;  // 0.044715 of it
constexpr float kGelu[] = {1.5246232e-07f, -3.834933e-06f, 3.8006736e-05f, -0.00015955183f, -0.00022161439f,
                           0.0071837986f,  -0.052579604f,  -0.4591818f,    -1.1511083f,     -0.99999994f};

// x * Phi(x) as max(x, 0) - a * Phi(-a), a = |x|; log2 Phi(-a) is a polynomial, and from 6 on nothing is left.
template <class F>
inline F gelu(F x) {
  F a = absolute(x);
  a = select(less(a, F(6.0f)), a, F(0.0f));
  return select(less(x, F(0.0f)), F(0.0f), x) - a * exp2(horner(a, kGelu));
}

template <class F>
inline F gelu_tanh(F x) {
  return x * sigmoid(x * (F(kGeluLinear) + F(kGeluCubic) * (x * x)));
}

template <class F>
inline F mish(F x) {
  const F e = exp(F(0.0f) - absolute(x));
  const F twice = F(2.0f) * e;
  const auto negative = less(x, F(0.0f));
  const F a = select(negative, e * e + twice, twice + F(1.0f));
  return x * (a / (a + select(negative, F(2.0f), twice * e)));
}

template <class F>
inline F log_sigmoid(F x) {
  return select(less(F(0.0f), x), F(0.0f), x) - log1p(exp(F(0.0f) - absolute(x)));
}

template <class F>
inline F elu(F x, float alpha, float scale, float input_scale) {
  return F(scale) * select(less(F(0.0f), x), x, F(alpha) * expm1(x * F(input_scale)));
}

template <class F>
inline F softplus(F x, float beta, float threshold) {
  const F z = x * F(beta);
  const F positive = select(less(z, F(0.0f)), F(0.0f), z);
  return select(less(F(threshold), z), x, (positive + log1p(exp(F(0.0f) - absolute(z)))) / F(beta));
}

template <class F>
inline F prelu(F x, F slope) {
  return select(less(x, F(0.0f)), slope * x, x);
}

template <class F>
inline F hardsigmoid(F x) {
  return clamp(x + F(3.0f), 0.0f, 6.0f) / F(6.0f);
}

template <FloatFunction function, class F>
inline F apply(F x, const FloatParameters& parameters) {
  const auto& p = parameters.p;
  using Function = FloatFunction;
  if constexpr (function == Function::clamp) return clamp(x, p[0], p[1]);
  if constexpr (function == Function::elu) return elu(x, p[0], p[1], p[2]);
  if constexpr (function == Function::softplus) return softplus(x, p[0], p[1]);
  if constexpr (function == Function::gelu_tanh) return gelu_tanh(x);
  if constexpr (function == Function::mish) return mish(x);
  if constexpr (function == Function::log_sigmoid) return log_sigmoid(x);
  if constexpr (function == Function::relu) return select(less(x, F(0.0f)), F(0.0f), x);
  if constexpr (function == Function::sigmoid) return sigmoid(x);
  if constexpr (function == Function::tanh) return tanh(x);
  if constexpr (function == Function::exp) return exp(x);
  if constexpr (function == Function::silu) return x * sigmoid(x);
  if constexpr (function == Function::gelu) return gelu(x);
  if constexpr (function == Function::hardswish) return x * hardsigmoid(x);
  if constexpr (function == Function::hardsigmoid) return hardsigmoid(x);
  if constexpr (function == Function::erf) return erf(x);
  if constexpr (function == Function::log) return log(x);
  if constexpr (function == Function::sqrt) return square_root(x);
  if constexpr (function == Function::neg) return negated(x);
  if constexpr (function == Function::abs) return absolute(x);
  if constexpr (function == Function::reciprocal) return F(1.0f) / x;
  if constexpr (function == Function::sin) return sine(x, 0);
  if constexpr (function == Function::cos) return sine(x, 1);
  if constexpr (function == Function::rsqrt) return F(1.0f) / square_root(x);
}

// Calls visit.template operator()<function>().
template <class Visit>
inline void with_function(FloatFunction function, Visit visit) {
  using Function = FloatFunction;
  switch (function) {
    case Function::clamp:
      return visit.template operator()<Function::clamp>();
    case Function::relu:
      return visit.template operator()<Function::relu>();
    case Function::sigmoid:
      return visit.template operator()<Function::sigmoid>();
    case Function::tanh:
      return visit.template operator()<Function::tanh>();
    case Function::exp:
      return visit.template operator()<Function::exp>();
    case Function::silu:
      return visit.template operator()<Function::silu>();
    case Function::gelu:
      return visit.template operator()<Function::gelu>();
    case Function::hardswish:
      return visit.template operator()<Function::hardswish>();
    case Function::hardsigmoid:
      return visit.template operator()<Function::hardsigmoid>();
    case Function::erf:
      return visit.template operator()<Function::erf>();
    case Function::log:
      return visit.template operator()<Function::log>();
    case Function::sqrt:
      return visit.template operator()<Function::sqrt>();
    case Function::neg:
      return visit.template operator()<Function::neg>();
    case Function::abs:
      return visit.template operator()<Function::abs>();
    case Function::reciprocal:
      return visit.template operator()<Function::reciprocal>();
    case Function::gelu_tanh:
      return visit.template operator()<Function::gelu_tanh>();
    case Function::mish:
      return visit.template operator()<Function::mish>();
    case Function::log_sigmoid:
      return visit.template operator()<Function::log_sigmoid>();
    case Function::rsqrt:
      return visit.template operator()<Function::rsqrt>();
    case Function::sin:
      return visit.template operator()<Function::sin>();
    case Function::cos:
      return visit.template operator()<Function::cos>();
    case Function::elu:
      return visit.template operator()<Function::elu>();
    case Function::softplus:
      return visit.template operator()<Function::softplus>();
  }
}

}  // namespace
}  // namespace octavo
