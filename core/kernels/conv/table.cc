#include "kernels/conv/table.h"

namespace octavo {
namespace {

constexpr ConvRow kRows[] = {
    {Isa::reference, 16, 1, 1, kConvReference16},
#if defined(__x86_64__)
    {Isa::avx2, 16, 6, 2, kConvAvx2x16},
    {Isa::avx512_vnni, 16, 14, 4, kConvAvx512Vnni16},
    {Isa::avx512_vnni, 32, 14, 4, kConvAvx512Vnni32},
    {Isa::avx512_vnni, 64, 6, 4, kConvAvx512Vnni64, true, true},
    {Isa::avx512_vnni, 64, 6, 4, kConvAvx512VnniGroups4, true, true, 4},
    {Isa::avx512_vnni, 64, 6, 4, kConvAvx512VnniGroups8, true, true, 8},
    {Isa::avx512_vnni, 64, 6, 4, kConvAvx512VnniGroups16, true, true, 16},
#elif defined(__aarch64__)
    {Isa::neon, 16, 4, 1, kConvNeon16},
    {Isa::neon_dotprod, 16, 6, 4, kConvNeonDotprod16, false, false, 0, 128},
    {Isa::neon_i8mm, 16, 6, 4, kConvNeonI8mm16},
#endif
};

}  // namespace

std::span<const ConvRow> conv_rows() { return kRows; }

}  // namespace octavo
