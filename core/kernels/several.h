// Several vectors treated as one: each step is taken for all of them before the next one, so that the latency of a long
// chain of steps is spent on the other vectors. Left to itself a processor sees one chain after the other, and holds
// too few steps in flight to get from one to the next.
//
// Several<T, N> has what float_math.h asks of F, vector by vector. Everything has internal linkage.
#pragma once

#include <cstdint>

namespace octavo {
namespace {

// N vectors T: of floats, of integers, or masks.
template <class T, int N>
struct Several {
  static constexpr int64_t kLanesEach = sizeof(T) / sizeof(float);
  static constexpr int64_t kLanes = N * kLanesEach;

  Several() = default;
  template <class Number>
    requires(!requires(Number value) { value.v; })
  explicit Several(Number value) {
    for (T& one : v) one = T(value);
  }

  static Several load(const float* from) {
    Several result;
    for (int i = 0; i < N; ++i) result.v[i] = T::load(from + i * kLanesEach);
    return result;
  }
  // `left`: how many floats there are, all of them if more.
  static Several load(const float* from, int64_t left) {
    Several result;
    for (int i = 0; i < N; ++i) {
      const int64_t rest = left - i * kLanesEach;
      result.v[i] = T::load(from + i * kLanesEach, rest > 0 ? rest : 0);
    }
    return result;
  }

  T v[N];
};

template <class T, int N>
inline void store(float* to, const Several<T, N>& a) {
  for (int i = 0; i < N; ++i) store(to + i * Several<T, N>::kLanesEach, a.v[i]);
}
// Stores up to `left` floats; none past them is touched.
template <class T, int N>
inline void store(float* to, int64_t left, const Several<T, N>& a) {
  for (int i = 0; i < N; ++i) {
    const int64_t rest = left - i * Several<T, N>::kLanesEach;
    store(to + i * Several<T, N>::kLanesEach, rest > 0 ? rest : 0, a.v[i]);
  }
}

// f(0), f(1), … as one.
template <class T, int N, class F>
inline Several<T, N> each(F f) {
  Several<T, N> result;
  for (int i = 0; i < N; ++i) result.v[i] = T(f(i));
  return result;
}

template <class T, int N>
inline Several<T, N> operator+(const Several<T, N>& a, const Several<T, N>& b) {
  return each<T, N>([&](int i) { return a.v[i] + b.v[i]; });
}
template <class T, int N>
inline Several<T, N> operator-(const Several<T, N>& a, const Several<T, N>& b) {
  return each<T, N>([&](int i) { return a.v[i] - b.v[i]; });
}
template <class T, int N>
inline Several<T, N> operator*(const Several<T, N>& a, const Several<T, N>& b) {
  return each<T, N>([&](int i) { return a.v[i] * b.v[i]; });
}
template <class T, int N>
inline Several<T, N> operator/(const Several<T, N>& a, const Several<T, N>& b) {
  return each<T, N>([&](int i) { return a.v[i] / b.v[i]; });
}
template <class T, int N>
inline Several<T, N> operator>>(const Several<T, N>& a, int bits) {
  return each<T, N>([&](int i) { return a.v[i] >> bits; });
}
template <class T, int N>
inline Several<T, N> operator<<(const Several<T, N>& a, int bits) {
  return each<T, N>([&](int i) { return a.v[i] << bits; });
}
template <class T, int N>
inline Several<T, N> min(const Several<T, N>& a, const Several<T, N>& b) {
  return each<T, N>([&](int i) { return min(a.v[i], b.v[i]); });
}
template <class T, int N>
inline Several<T, N> max(const Several<T, N>& a, const Several<T, N>& b) {
  return each<T, N>([&](int i) { return max(a.v[i], b.v[i]); });
}
template <class T, int N>
inline auto less(const Several<T, N>& a, const Several<T, N>& b) {
  return each<decltype(less(a.v[0], b.v[0])), N>([&](int i) { return less(a.v[i], b.v[i]); });
}
template <class M, class T, int N>
inline Several<T, N> select(const Several<M, N>& mask, const Several<T, N>& a, const Several<T, N>& b) {
  return each<T, N>([&](int i) { return select(mask.v[i], a.v[i], b.v[i]); });
}
template <class T, int N>
inline Several<T, N> absolute(const Several<T, N>& a) {
  return each<T, N>([&](int i) { return absolute(a.v[i]); });
}
template <class T, int N>
inline Several<T, N> negated(const Several<T, N>& a) {
  return each<T, N>([&](int i) { return negated(a.v[i]); });
}
template <class T, int N>
inline Several<T, N> copy_sign(const Several<T, N>& magnitude, const Several<T, N>& sign) {
  return each<T, N>([&](int i) { return copy_sign(magnitude.v[i], sign.v[i]); });
}
template <class T, int N>
inline Several<T, N> square_root(const Several<T, N>& a) {
  return each<T, N>([&](int i) { return square_root(a.v[i]); });
}
template <class T, int N>
inline auto bits(const Several<T, N>& a) {
  return each<decltype(bits(a.v[0])), N>([&](int i) { return bits(a.v[i]); });
}
template <class T, int N>
inline auto from_bits(const Several<T, N>& a) {
  return each<decltype(from_bits(a.v[0])), N>([&](int i) { return from_bits(a.v[i]); });
}
template <class T, int N>
inline auto look_up(const float (&table)[16], const Several<T, N>& at) {
  return each<decltype(look_up(table, at.v[0])), N>([&](int i) { return look_up(table, at.v[i]); });
}
template <class T, int N>
inline auto to_float(const Several<T, N>& a) {
  return each<decltype(to_float(a.v[0])), N>([&](int i) { return to_float(a.v[i]); });
}
template <class T, int N>
inline Several<T, N> times_power(const Several<T, N>& y, const Several<T, N>& shifted) {
  return each<T, N>([&](int i) { return times_power(y.v[i], shifted.v[i]); });
}

}  // namespace
}  // namespace octavo
