// Functions of two float32 tensors, element by element, and the choice between two.
#pragma once

#include "kernels/elementwise.h"
#include "kernels/float_math.h"
#include "kernels/kernel_table.h"

namespace octavo {

enum class FloatBinary : uint8_t { add, sub, mul, div, maximum, minimum };

struct FloatBinaryKernels {
  void (*combine)(FloatBinary function, const Block& block);
  // y = c != 0 ? a : b (operands 1, 2 and 3); NaN is not 0.
  void (*where)(const Block& block);
};

namespace reference {
extern const FloatBinaryKernels kFloatBinary;
}  // namespace reference
namespace avx2 {
extern const FloatBinaryKernels kFloatBinary;
}  // namespace avx2
namespace avx512 {
extern const FloatBinaryKernels kFloatBinary;
}  // namespace avx512
namespace neon {
extern const FloatBinaryKernels kFloatBinary;
}  // namespace neon

inline constexpr KernelTable<const FloatBinaryKernels*> kFloatBinaryKernels{{{Isa::reference, &reference::kFloatBinary},
                                                                             {Isa::avx2, &avx2::kFloatBinary},
                                                                             {Isa::avx512, &avx512::kFloatBinary},
                                                                             {Isa::neon, &neon::kFloatBinary}}};

namespace {

// Calls visit(combine), a function of two F (float_math.h).
template <class Visit>
inline void with_combination(FloatBinary function, Visit visit) {
  switch (function) {
    case FloatBinary::add:
      return visit([](auto a, auto b) { return a + b; });
    case FloatBinary::sub:
      return visit([](auto a, auto b) { return a - b; });
    case FloatBinary::mul:
      return visit([](auto a, auto b) { return a * b; });
    case FloatBinary::div:
      return visit([](auto a, auto b) { return a / b; });
    case FloatBinary::maximum:
      return visit([](auto a, auto b) { return maximum(a, b); });
    case FloatBinary::minimum:
      return visit([](auto a, auto b) { return minimum(a, b); });
  }
}

template <class F>
inline F where(F condition, F a, F b) {
  return select(less(F(0.0f), absolute(condition)) | is_nan(condition), a, b);
}

}  // namespace
}  // namespace octavo
