// The machine's own int8 multiply peak, measured by loops that touch nothing but registers.
#pragma once

#include <cstdint>

#include "kernels/kernel_table.h"

namespace octavo {

// Runs `iterations` rounds of the multiply-accumulate that the convolution kernels of an instruction set are made of
// and returns how many products that were; time the call to get the peak.
using PeakKernel = int64_t (*)(int64_t iterations);

namespace reference {
int64_t peak_macs(int64_t iterations);
}  // namespace reference
namespace avx2 {
int64_t peak_macs(int64_t iterations);
}  // namespace avx2
namespace avx_vnni {
int64_t peak_macs(int64_t iterations);
}  // namespace avx_vnni
namespace avx512 {
int64_t peak_macs(int64_t iterations);
}  // namespace avx512
namespace avx512_vnni {
int64_t peak_macs(int64_t iterations);
int64_t peak_macs_256(int64_t iterations);
}  // namespace avx512_vnni
namespace amx {
int64_t peak_macs(int64_t iterations);
}  // namespace amx
namespace neon {
int64_t peak_macs(int64_t iterations);
}  // namespace neon
namespace neon_dotprod {
int64_t peak_macs(int64_t iterations);
}  // namespace neon_dotprod

inline constexpr KernelTable<PeakKernel> kPeakKernels{{{Isa::reference, reference::peak_macs},
                                                       {Isa::avx2, avx2::peak_macs},
                                                       {Isa::avx_vnni, avx_vnni::peak_macs},
                                                       {Isa::avx512, avx512::peak_macs},
                                                       {Isa::avx512_vnni, avx512_vnni::peak_macs},
                                                       {Isa::amx, amx::peak_macs},
                                                       {Isa::neon, neon::peak_macs},
                                                       {Isa::neon_dotprod, neon_dotprod::peak_macs}}};

}  // namespace octavo
