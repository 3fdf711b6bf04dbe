// float32 to 8 bits and back: y = sat(rne(x * inv) + z), y = f(x - z) * s.
#pragma once

#include "kernels/elementwise.h"
#include "kernels/kernel_table.h"

namespace octavo {

struct QuantizeKernels {
  void (*quantize)(float inv, const Requantize& y, const Block& block);  // float32 to 8 bits
  void (*dequantize)(const Levels& x, float scale, const Block& block);  // 8 bits to float32
};

namespace reference {
extern const QuantizeKernels kQuantize;
}  // namespace reference
namespace avx2 {
extern const QuantizeKernels kQuantize;
}  // namespace avx2
namespace avx512 {
extern const QuantizeKernels kQuantize;
}  // namespace avx512
namespace neon {
extern const QuantizeKernels kQuantize;
}  // namespace neon

inline constexpr KernelTable<const QuantizeKernels*> kQuantizeKernels{{{Isa::reference, &reference::kQuantize},
                                                                       {Isa::avx2, &avx2::kQuantize},
                                                                       {Isa::avx512, &avx512::kQuantize},
                                                                       {Isa::neon, &neon::kQuantize}}};

}  // namespace octavo
