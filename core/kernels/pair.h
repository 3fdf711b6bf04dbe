// Two vectors that go through the same steps side by side.
//
// A float function is a chain in which each step waits for the one before, and a processor looks only some sixty
// operations ahead: with two chains next to each other it finds twice as much to do. Pair<Pair<F>> is four vectors.
// A Pair has what float_math.h asks of F, lane by lane. Everything has internal linkage.
#pragma once

#include <cstdint>

namespace octavo {
namespace {

template <class T>
struct Pair {
  T a, b;
  Pair(T first, T second) : a(first), b(second) {}
  template <class Number>
    requires(!requires(Number value) { value.a; })
  explicit Pair(Number value) : a(value), b(value) {}
};

template <class T>
inline Pair<T> operator+(Pair<T> x, Pair<T> y) {
  return {x.a + y.a, x.b + y.b};
}
template <class T>
inline Pair<T> operator-(Pair<T> x, Pair<T> y) {
  return {x.a - y.a, x.b - y.b};
}
template <class T>
inline Pair<T> operator*(Pair<T> x, Pair<T> y) {
  return {x.a * y.a, x.b * y.b};
}
template <class T>
inline Pair<T> operator/(Pair<T> x, Pair<T> y) {
  return {x.a / y.a, x.b / y.b};
}
template <class T>
inline Pair<T> operator>>(Pair<T> x, int n) {
  return {x.a >> n, x.b >> n};
}
template <class T>
inline Pair<T> operator<<(Pair<T> x, int n) {
  return {x.a << n, x.b << n};
}
template <class T>
inline Pair<T> min(Pair<T> x, Pair<T> y) {
  return {min(x.a, y.a), min(x.b, y.b)};
}
template <class T>
inline Pair<T> max(Pair<T> x, Pair<T> y) {
  return {max(x.a, y.a), max(x.b, y.b)};
}
template <class T>
inline auto less(Pair<T> x, Pair<T> y) {
  return Pair<decltype(less(x.a, y.a))>(less(x.a, y.a), less(x.b, y.b));
}
template <class M, class T>
inline Pair<T> select(Pair<M> mask, Pair<T> x, Pair<T> y) {
  return {select(mask.a, x.a, y.a), select(mask.b, x.b, y.b)};
}
template <class T>
inline Pair<T> absolute(Pair<T> x) {
  return {absolute(x.a), absolute(x.b)};
}
template <class T>
inline Pair<T> negated(Pair<T> x) {
  return {negated(x.a), negated(x.b)};
}
template <class T>
inline Pair<T> copy_sign(Pair<T> magnitude, Pair<T> sign) {
  return {copy_sign(magnitude.a, sign.a), copy_sign(magnitude.b, sign.b)};
}
template <class T>
inline Pair<T> square_root(Pair<T> x) {
  return {square_root(x.a), square_root(x.b)};
}
template <class T>
inline auto bits(Pair<T> x) {
  return Pair<decltype(bits(x.a))>(bits(x.a), bits(x.b));
}
template <class T>
inline auto from_bits(Pair<T> x) {
  return Pair<decltype(from_bits(x.a))>(from_bits(x.a), from_bits(x.b));
}
template <class T>
inline auto to_float(Pair<T> x) {
  return Pair<decltype(to_float(x.a))>(to_float(x.a), to_float(x.b));
}
template <class T>
inline Pair<T> times_power(Pair<T> y, Pair<T> shifted) {
  return {times_power(y.a, shifted.a), times_power(y.b, shifted.b)};
}

}  // namespace
}  // namespace octavo
