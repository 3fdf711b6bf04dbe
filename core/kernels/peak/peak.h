// The machine's own int8 multiply peak, measured by loops that touch nothing but registers.
#pragma once

#include <cstdint>

#include "kernels/isa.h"

namespace octavo {

// Runs `iterations` rounds of the multiply-accumulate that the convolution kernels of `isa` are made of and returns how
// many products that were; time the call to get the peak.
int64_t peak_macs(Isa isa, int64_t iterations);

int64_t peak_macs_reference(int64_t iterations);
int64_t peak_macs_avx2(int64_t iterations);
int64_t peak_macs_avx512_vnni(int64_t iterations);

}  // namespace octavo
