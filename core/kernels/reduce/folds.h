// What one lane of a reduction does, for reference and vector kernels: F as in float_math.h.
#pragma once

#include "kernels/float_math.h"
#include "kernels/reduce/reduce.h"

namespace octavo {
namespace {

struct SumFold {
  static constexpr float kStart = 0.0f;
  template <class F>
  static F combine(F a, F b) {
    return a + b;
  }
};

struct MaxFold {
  static constexpr float kStart = -__builtin_inff();
  template <class F>
  static F combine(F a, F b) {
    return maximum(a, b);
  }
};

struct MinFold {
  static constexpr float kStart = __builtin_inff();
  template <class F>
  static F combine(F a, F b) {
    return minimum(a, b);
  }
};

// Calls visit(Fold(), divisor): what the folded lanes are divided by at the end, which leaves them as they are where
// it is 1.
template <class Visit>
inline void with_fold(ReduceFunction function, int64_t count, Visit visit) {
  switch (function) {
    case ReduceFunction::sum:
      return visit(SumFold(), 1.0f);
    case ReduceFunction::mean:
      return visit(SumFold(), static_cast<float>(count));
    case ReduceFunction::max:
      return visit(MaxFold(), 1.0f);
    case ReduceFunction::min:
      return visit(MinFold(), 1.0f);
  }
}

}  // namespace
}  // namespace octavo
