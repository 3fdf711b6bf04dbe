// Loops whose indices are constants. Everything has internal linkage.
#pragma once

namespace octavo {
namespace {

// f(0), f(1), … with constant indices from the start: only then does gcc keep an array of accumulators in registers.
template <int N>
struct Index {
  constexpr operator int() const { return N; }
};
template <int N, class F>
[[gnu::always_inline]] inline void unroll(const F& f) {
  if constexpr (N > 0) {
    unroll<N - 1>(f);
    f(Index<N - 1>{});
  }
}

}  // namespace
}  // namespace octavo
