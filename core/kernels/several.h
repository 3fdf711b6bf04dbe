// Several vectors treated as one, for float_math.h: each step is taken for all of them before the next one, so that the
// latency of a long chain of steps is spent on the other vectors. Left to itself a processor sees one chain after the
// other, and holds too few steps in flight to get from one to the next.
#pragma once

#include <cstdint>

namespace octavo {
namespace {

// N of V::Floats, or of what they are compared to.
template <class V, int N>
struct Several {
  using One = typename V::Floats;
  static constexpr int64_t kLanes = N * V::kLanes;

  Several() = default;
  explicit Several(float value) {
    for (One& one : v) one = One(value);
  }
  // `left`: how many floats there are, all of them if more.
  static Several load(const float* from, int64_t left) {
    Several result;
    for (int i = 0; i < N; ++i) {
      const int64_t rest = left - i * V::kLanes;
      result.v[i] = One::load(from + i * V::kLanes, rest > 0 ? rest : 0);
    }
    return result;
  }
  static Several load(const float* from) {
    Several result;
    for (int i = 0; i < N; ++i) result.v[i] = One::load(from + i * V::kLanes);
    return result;
  }

  One v[N];
};

// Stores up to `left` floats; none past them is touched.
template <class V, int N>
inline void store(float* to, int64_t left, const Several<V, N>& a) {
  for (int i = 0; i < N; ++i) {
    const int64_t rest = left - i * V::kLanes;
    store(to + i * V::kLanes, rest > 0 ? rest : 0, a.v[i]);
  }
}

template <class V, int N, class F>
inline Several<V, N> each(F f) {
  Several<V, N> result;
  for (int i = 0; i < N; ++i) result.v[i] = f(i);
  return result;
}

template <class V, int N>
struct SeveralMasks {
  decltype(less(typename V::Floats(0.0f), typename V::Floats(0.0f))) v[N];
};

template <class V, int N>
inline Several<V, N> operator+(const Several<V, N>& a, const Several<V, N>& b) {
  return each<V, N>([&](int i) { return a.v[i] + b.v[i]; });
}
template <class V, int N>
inline Several<V, N> operator-(const Several<V, N>& a, const Several<V, N>& b) {
  return each<V, N>([&](int i) { return a.v[i] - b.v[i]; });
}
template <class V, int N>
inline Several<V, N> operator*(const Several<V, N>& a, const Several<V, N>& b) {
  return each<V, N>([&](int i) { return a.v[i] * b.v[i]; });
}
template <class V, int N>
inline Several<V, N> operator/(const Several<V, N>& a, const Several<V, N>& b) {
  return each<V, N>([&](int i) { return a.v[i] / b.v[i]; });
}
template <class V, int N>
inline Several<V, N> min(const Several<V, N>& a, const Several<V, N>& b) {
  return each<V, N>([&](int i) { return min(a.v[i], b.v[i]); });
}
template <class V, int N>
inline Several<V, N> max(const Several<V, N>& a, const Several<V, N>& b) {
  return each<V, N>([&](int i) { return max(a.v[i], b.v[i]); });
}
template <class V, int N>
inline SeveralMasks<V, N> less(const Several<V, N>& a, const Several<V, N>& b) {
  SeveralMasks<V, N> result;
  for (int i = 0; i < N; ++i) result.v[i] = less(a.v[i], b.v[i]);
  return result;
}
template <class V, int N>
inline Several<V, N> select(const SeveralMasks<V, N>& mask, const Several<V, N>& a, const Several<V, N>& b) {
  return each<V, N>([&](int i) { return select(mask.v[i], a.v[i], b.v[i]); });
}
template <class V, int N>
inline Several<V, N> absolute(const Several<V, N>& a) {
  return each<V, N>([&](int i) { return absolute(a.v[i]); });
}
template <class V, int N>
inline Several<V, N> copy_sign(const Several<V, N>& magnitude, const Several<V, N>& sign) {
  return each<V, N>([&](int i) { return copy_sign(magnitude.v[i], sign.v[i]); });
}
template <class V, int N>
inline Several<V, N> times_power(const Several<V, N>& y, const Several<V, N>& shifted) {
  return each<V, N>([&](int i) { return typename V::Floats(times_power(y.v[i], shifted.v[i])); });
}

}  // namespace
}  // namespace octavo
