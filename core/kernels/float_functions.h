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
// a * Phi(-a) around a = 0, 0.5, ..., 5.5, and 0 from 5.75 on: the coefficients of one power in a row, the highest
// first.
constexpr float kHalvesMagic = 6291456.0f;  // 1.5 * 2^22: adding it leaves the nearest half in the low bits
alignas(64) constexpr float kGelu[6][16] = {
    {-0.0061249323f, -0.021849435f, -0.016163029f, 0.002445595f, 0.008867964f, 0.004309191f, 5.3410753e-05f,
     -0.00083516765f, -0.000440695f, -0.0001261477f, -2.3747796e-05f, -3.1389188e-06f, 0.0f, 0.0f, 0.0f, 0.0f},
    {0.06781771f, 0.033645887f, -0.019604279f, -0.035635043f, -0.018036345f, -0.0006834649f, 0.0039896173f,
     0.0024885307f, 0.00083911646f, 0.00018711996f, 2.9471807e-05f, 3.382225e-06f, 0.0f, 0.0f, 0.0f, 0.0f},
    {-0.0001177746f, 0.10998911f, 0.120994225f, 0.056678724f, 4.4789754e-06f, -0.01643529f, -0.011081935f,
     -0.0042002336f, -0.0010704651f, -0.00019466977f, -2.5978463e-05f, -2.5843929e-06f, 0.0f, 0.0f, 0.0f, 0.0f},
    {-0.39893863f, -0.30805096f, -0.1209984f, 0.016179109f, 0.053991854f, 0.03725187f, 0.015513176f, 0.004472397f,
     0.0009364883f, 0.0001457165f, 1.706559e-05f, 1.5163223e-06f, 0.0f, 0.0f, 0.0f, 0.0f},
    {0.49999997f, 0.13250528f, -0.08331564f, -0.12746939f, -0.08523184f, -0.03761105f, -0.011945621f, -0.0028217563f,
     -0.0005036519f, -6.853066e-05f, -7.1473737e-06f, -5.7342305e-07f, 0.0f, 0.0f, 0.0f, 0.0f},
    {0.0f, 0.15426876f, 0.1586553f, 0.10021084f, 0.04550026f, 0.015524149f, 0.004049688f, 0.0008142021f, 0.00012668609f,
     1.5289997e-05f, 1.4333679e-06f, 1.0445964e-07f, 0.0f, 0.0f, 0.0f, 0.0f}};

// x * Phi(x) as max(x, 0) - a * Phi(-a), a = |x|.
template <class F>
inline F gelu(F x) {
  const F a = min(absolute(x), F(6.0f));
  const F shifted = a + F(kHalvesMagic);
  const F r = a - (shifted - F(kHalvesMagic));
  const auto piece = bits(shifted);
  F tail = look_up(kGelu[0], piece);
  for (int i = 1; i < 6; ++i) tail = tail * r + look_up(kGelu[i], piece);
  return select(less(x, F(0.0f)), F(0.0f), x) - tail;
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
