// Sums and products of two tensors, with NumPy's broadcasting (a stride of 0).
#pragma once

#include "kernels/elementwise.h"
#include "kernels/kernel_table.h"

namespace octavo {

// y = sat(rne(f(a - z_a) * m_a + f(b - z_b) * m_b) + z_y)
struct AddParams {
  Levels a, b;
  float m_a = 0, m_b = 0;
  Requantize y;
};

// y = sat(rne(f((a - z_a) * (b - z_b)) * m) + z_y)
struct MulParams {
  Levels a, b;
  float m = 0;
  Requantize y;
};

struct BinaryKernels {
  void (*add)(const AddParams& params, const Block& block);
  void (*mul)(const MulParams& params, const Block& block);
};

namespace reference {
extern const BinaryKernels kBinary;
}  // namespace reference
namespace avx2 {
extern const BinaryKernels kBinary;
}  // namespace avx2
namespace avx512 {
extern const BinaryKernels kBinary;
}  // namespace avx512
namespace neon {
extern const BinaryKernels kBinary;
}  // namespace neon

inline constexpr KernelTable<const BinaryKernels*> kBinaryKernels{{{Isa::reference, &reference::kBinary},
                                                                   {Isa::avx2, &avx2::kBinary},
                                                                   {Isa::avx512, &avx512::kBinary},
                                                                   {Isa::neon, &neon::kBinary}}};

}  // namespace octavo
