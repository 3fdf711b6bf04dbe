// Sums and products of two tensors, with NumPy's broadcasting (a stride of 0).
#pragma once

#include "kernels/elementwise.h"
#include "kernels/isa.h"

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
  void (*add_float)(const Block& block);
  void (*mul_float)(const Block& block);
};

namespace reference {
void add(const AddParams& params, const Block& block);
void mul(const MulParams& params, const Block& block);
void add_float(const Block& block);
void mul_float(const Block& block);
}  // namespace reference
namespace avx2 {
void add(const AddParams& params, const Block& block);
void mul(const MulParams& params, const Block& block);
void add_float(const Block& block);
void mul_float(const Block& block);
}  // namespace avx2
namespace avx512_vnni {
void add(const AddParams& params, const Block& block);
void mul(const MulParams& params, const Block& block);
void add_float(const Block& block);
void mul_float(const Block& block);
}  // namespace avx512_vnni

inline constexpr BinaryKernels kBinaryKernels[kIsaCount] = {
    {reference::add, reference::mul, reference::add_float, reference::mul_float},
    {avx2::add, avx2::mul, avx2::add_float, avx2::mul_float},
    {avx512_vnni::add, avx512_vnni::mul, avx512_vnni::add_float, avx512_vnni::mul_float},
};

}  // namespace octavo
