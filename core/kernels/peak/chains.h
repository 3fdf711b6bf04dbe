// The loop of every peak kernel: independent chains of one multiply-accumulate, in registers alone.
#pragma once

#include <cstdint>

#include "kernels/unroll.h"

namespace octavo {
namespace {

// P::add(acc, x, w) adds P::kProducts products; P::hidden(v) is v, unknown to the compiler, so that equal
// products are computed again, and sums that nobody reads.
template <class P>
int64_t run_chains(int64_t iterations) {
  typename P::Sums acc[P::kChains];
  unroll<P::kChains>([&](auto c) [[gnu::always_inline]] { acc[c] = P::zeros(); });
  auto x = P::filled(3);
  const auto w = P::hidden(P::filled(5));
  for (int64_t i = 0; i < iterations; ++i) {
    unroll<P::kChains>([&](auto c) [[gnu::always_inline]] {
      x = P::hidden(x);
      acc[c] = P::hidden(P::add(acc[c], x, w));
    });
  }
  return iterations * P::kChains * P::kProducts;
}

}  // namespace
}  // namespace octavo
