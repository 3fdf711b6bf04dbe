#include "engine/isa.h"

#if defined(__x86_64__)
#include "engine/amx.h"
#endif
#if defined(__aarch64__) && defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace octavo {

bool is_supported(Isa isa) {
#if defined(__x86_64__)
  switch (isa) {
    case Isa::avx2:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("f16c");
    case Isa::avx_vnni:
      return is_supported(Isa::avx2) && (__builtin_cpu_supports("avxvnni") || is_supported(Isa::avx512_vnni));
    case Isa::avx512:
      return is_supported(Isa::avx2) && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    case Isa::avx512_vnni:
      return is_supported(Isa::avx512) && __builtin_cpu_supports("avx512vnni");
    case Isa::amx:
      return is_built(Isa::amx) && is_supported(Isa::avx512_vnni) && may_use_amx();
    case Isa::amx_emulated:
      return is_supported(Isa::avx512_vnni);
    default:
      break;
  }
#elif defined(__aarch64__) && defined(__linux__)
  switch (isa) {
    case Isa::neon:
      return true;
    case Isa::neon_dotprod:
      return (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0;
    case Isa::neon_i8mm:
      return is_supported(Isa::neon_dotprod) && (getauxval(AT_HWCAP2) & HWCAP2_I8MM) != 0;
    default:
      break;
  }
#elif defined(__aarch64__)
  if (isa == Isa::neon) return true;
#endif
  return isa == Isa::reference;
}

const char* name_of(Isa isa) {
  switch (isa) {
    case Isa::reference:
      return "reference";
    case Isa::avx2:
      return "avx2";
    case Isa::avx_vnni:
      return "avx_vnni";
    case Isa::avx512:
      return "avx512";
    case Isa::avx512_vnni:
      return "avx512_vnni";
    case Isa::amx:
      return "amx";
    case Isa::amx_emulated:
      return "amx_emulated";
    case Isa::neon:
      return "neon";
    case Isa::neon_dotprod:
      return "neon_dotprod";
    case Isa::neon_i8mm:
      return "neon_i8mm";
  }
  return "";
}

std::optional<Isa> isa_named(std::string_view name) {
  for (const Isa isa : kIsas)
    if (name == name_of(isa)) return isa;
  return {};
}

}  // namespace octavo
