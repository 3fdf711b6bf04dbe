// Any function of one byte.
#pragma once

#include "kernels/elementwise.h"
#include "kernels/isa.h"

namespace octavo {

// y = table[x] for raw bytes; table: 256 bytes.
using TableKernel = void (*)(const uint8_t* table, const Block& block);

namespace reference {
void table(const uint8_t* table, const Block& block);
}  // namespace reference
namespace avx2 {
void table(const uint8_t* table, const Block& block);
}  // namespace avx2
namespace avx512_vnni {
void table(const uint8_t* table, const Block& block);
}  // namespace avx512_vnni

inline constexpr TableKernel kTableKernels[kIsaCount] = {reference::table, avx2::table, avx512_vnni::table};

}  // namespace octavo
