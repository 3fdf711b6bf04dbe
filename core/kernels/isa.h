// The instruction sets that kernels are written for.
#pragma once

#include <cstdint>

namespace octavo {

// From the plainest up, family by family: the last one that a machine runs is its best.
// avx_vnni: AVX2 and vpdpbusd on 256 bits, in whichever of its encodings the machine has.
// amx_emulated: the kernels of amx with its registers in memory, slow, there for tests; hence never the last one.
enum class Isa : uint8_t {
  reference,
  amx_emulated,
  avx2,
  avx_vnni,
  avx512,
  avx512_vnni,
  amx,
  neon,
  neon_dotprod,
  neon_i8mm
};

inline constexpr Isa kIsas[] = {Isa::reference,   Isa::amx_emulated, Isa::avx2, Isa::avx_vnni,     Isa::avx512,
                                Isa::avx512_vnni, Isa::amx,          Isa::neon, Isa::neon_dotprod, Isa::neon_i8mm};

// The instruction set that a machine of `isa` runs as well, and whose kernels are taken where `isa` has none of its
// own.
constexpr Isa fallback_of(Isa isa) {
  switch (isa) {
    case Isa::amx:
    case Isa::amx_emulated:
      return Isa::avx512_vnni;
    case Isa::avx512_vnni:
      return Isa::avx512;
    case Isa::avx512:
    case Isa::avx_vnni:
      return Isa::avx2;
    case Isa::neon_i8mm:
      return Isa::neon_dotprod;
    case Isa::neon_dotprod:
      return Isa::neon;
    case Isa::avx2:
    case Isa::neon:
    case Isa::reference:
      break;
  }
  return Isa::reference;
}

// Whether the kernels of `isa` are part of this build: those of another processor's are not compiled, nor amx where the
// compiler does not know it.
constexpr bool is_built(Isa isa) {
#if defined(__x86_64__)
#if !defined(OCTAVO_AMX)
  if (isa == Isa::amx) return false;
#endif
  return isa < Isa::neon;
#elif defined(__aarch64__)
  return isa == Isa::reference || isa >= Isa::neon;
#else
  return isa == Isa::reference;
#endif
}

}  // namespace octavo
