// The instruction sets that kernels are written for, from the plainest up.
#pragma once

#include <cstdint>

namespace octavo {

enum class Isa : uint8_t { reference, avx2, avx512_vnni };

inline constexpr int kIsaCount = 3;

}  // namespace octavo
