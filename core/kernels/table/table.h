// Any function of one byte.
#pragma once

#include "kernels/elementwise.h"
#include "kernels/kernel_table.h"

namespace octavo {

// y = table[x] for raw bytes; table: 256 bytes.
using TableKernel = void (*)(const uint8_t* table, const Block& block);

namespace reference {
void table(const uint8_t* table, const Block& block);
}  // namespace reference
namespace avx2 {
void table(const uint8_t* table, const Block& block);
}  // namespace avx2
namespace avx512 {
void table(const uint8_t* table, const Block& block);
}  // namespace avx512
namespace neon {
void table(const uint8_t* table, const Block& block);
}  // namespace neon

inline constexpr KernelTable<TableKernel> kTableKernels{{{Isa::reference, reference::table},
                                                         {Isa::avx2, avx2::table},
                                                         {Isa::avx512, avx512::table},
                                                         {Isa::neon, neon::table}}};

}  // namespace octavo
