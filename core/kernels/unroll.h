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
[[gnu::always_inline]] constexpr void unroll(const F& f) {
  if constexpr (N > 0) {
    unroll<N - 1>(f);
    f(Index<N - 1>{});
  }
}

// What a row of a table of kernels has: of[i] = make(Index<i>{}) computes i rows, 1 to `most`.
template <class Function, int most>
struct FunctionsOfRows {
  Function of[most + 1] = {};

  template <class Make>
  constexpr explicit FunctionsOfRows(const Make& make) {
    unroll<most>([&](auto i) { of[i + 1] = make(Index<i + 1>{}); });
  }
};

}  // namespace
}  // namespace octavo
