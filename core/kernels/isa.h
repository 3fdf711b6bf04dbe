// The instruction sets that kernels are written for.
#pragma once

#include <cstdint>

namespace octavo {

// From the plainest up, family by family: the last one that a machine runs is its best.
enum class Isa : uint8_t { reference, avx2, avx512, avx512_vnni };

inline constexpr Isa kIsas[] = {Isa::reference, Isa::avx2, Isa::avx512, Isa::avx512_vnni};

// The instruction set that a machine of `isa` runs as well, and whose kernels are taken where `isa` has none of its
// own.
constexpr Isa fallback_of(Isa isa) {
  switch (isa) {
    case Isa::avx512_vnni:
      return Isa::avx512;
    case Isa::avx512:
      return Isa::avx2;
    case Isa::avx2:
    case Isa::reference:
      break;
  }
  return Isa::reference;
}

// Whether the kernels of `isa` are part of this build: those of another processor's are not compiled.
constexpr bool is_built(Isa isa) {
#if defined(__x86_64__)
  return isa <= Isa::avx512_vnni;
#else
  return isa == Isa::reference;
#endif
}

}  // namespace octavo
