#include "kernels/conv/table.h"

namespace octavo {

std::span<const ConvRow> conv_rows() {
  static const ConvRow rows[] = {
      {Isa::reference, 16, 1, 1, kConvReference16},
#if defined(__x86_64__)
      {Isa::avx2, 16, 6, 2, kConvAvx2Words16},
      {.isa = Isa::avx2, .nr = 16, .mr = 6, .interleave = 4, .run = kConvAvx2Bytes16, .safe_lanes = 8},
      {Isa::avx_vnni, 16, 6, 4, __builtin_cpu_supports("avxvnni") ? kConvAvxVnni16 : kConvAvx512Vnni256x16},
      {Isa::avx512, 16, 8, 2, kConvAvx512Words16},
      {Isa::avx512, 32, 8, 2, kConvAvx512Words32},
      {.isa = Isa::avx512, .nr = 16, .mr = 8, .interleave = 4, .run = kConvAvx512Bytes16, .safe_lanes = 16},
      {.isa = Isa::avx512, .nr = 32, .mr = 8, .interleave = 4, .run = kConvAvx512Bytes32, .safe_lanes = 16},
      {Isa::avx512_vnni, 16, 14, 4, kConvAvx512Vnni16, &kConvAvx512VnniStream16},
      {Isa::avx512_vnni, 32, 14, 4, kConvAvx512Vnni32, &kConvAvx512VnniStream32},
      {Isa::avx512_vnni, 48, 9, 4, kConvAvx512Vnni48, &kConvAvx512VnniStream48, false, true},
      {Isa::avx512_vnni, 64, 6, 4, kConvAvx512Vnni64, &kConvAvx512VnniStream64, true, true},
      {Isa::avx512_vnni, 64, 5, 4, kConvAvx512VnniGroups4, nullptr, true, true, 4},
      {Isa::avx512_vnni, 64, 5, 4, kConvAvx512VnniGroups8, nullptr, true, true, 8},
      {Isa::avx512_vnni, 64, 5, 4, kConvAvx512VnniGroups16, nullptr, true, true, 16},
      {.isa = Isa::amx_emulated, .nr = 16, .mr = 32, .interleave = 4, .run = kConvAmxEmulated16, .multiple = 64},
      {.isa = Isa::amx_emulated, .nr = 32, .mr = 32, .interleave = 4, .run = kConvAmxEmulated32, .multiple = 64},
#if defined(OCTAVO_AMX)
      {.isa = Isa::amx, .nr = 16, .mr = 32, .interleave = 4, .run = kConvAmx16, .multiple = 64},
      {.isa = Isa::amx, .nr = 32, .mr = 32, .interleave = 4, .run = kConvAmx32, .multiple = 64},
#endif
#elif defined(__aarch64__)
      {Isa::neon, 16, 4, 1, kConvNeon16},
      {.isa = Isa::neon_dotprod, .nr = 16, .mr = 6, .interleave = 4, .run = kConvNeonDotprod16, .x_zero = 128},
      {Isa::neon_i8mm, 16, 6, 4, kConvNeonI8mm16},
#endif
  };
  return rows;
}

}  // namespace octavo
