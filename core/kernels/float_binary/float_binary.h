// Functions of two float32 tensors, element by element, and the choice between two.
#pragma once

#include "kernels/elementwise.h"
#include "kernels/float_math.h"
#include "kernels/isa.h"

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
namespace avx512_vnni {
extern const FloatBinaryKernels kFloatBinary;
}  // namespace avx512_vnni

inline constexpr const FloatBinaryKernels* kFloatBinaryKernels[kIsaCount] = {
    &reference::kFloatBinary, &avx2::kFloatBinary, &avx512_vnni::kFloatBinary};

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
