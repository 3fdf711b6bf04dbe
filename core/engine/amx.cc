#include "engine/amx.h"

#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#endif

namespace octavo {

#if defined(__x86_64__) && defined(__linux__)

namespace {

constexpr uint32_t kXsaveBit = 1u << 27;                    // of leaf 1, ecx: xgetbv is there
constexpr uint32_t kAmxBits = 1u << 24 | 1u << 25;          // of leaf 7, edx: amx_tile and amx_int8
constexpr uint32_t kTileConfigState = 17, kTileState = 18;  // of XCR0

bool processor_has_it() {
  uint32_t eax, ebx, ecx, edx;
  return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) != 0 && (edx & kAmxBits) == kAmxBits;
}

bool system_saves_it() {
  uint32_t eax, ebx, ecx, edx;
  if (__get_cpuid(1, &eax, &ebx, &ecx, &edx) == 0 || (ecx & kXsaveBit) == 0) return false;
  asm volatile("xgetbv" : "=a"(eax), "=d"(edx) : "c"(0));
  constexpr uint32_t kBoth = 1u << kTileConfigState | 1u << kTileState;
  return (eax & kBoth) == kBoth;
}

bool system_allows_it() {
  constexpr long kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM, which older headers lack
  return syscall(SYS_arch_prctl, kRequestPermission, static_cast<long>(kTileState)) == 0;
}

}  // namespace

bool may_use_amx() {
  static const bool may = processor_has_it() && system_saves_it() && system_allows_it();
  return may;
}

#else

bool may_use_amx() { return false; }

#endif

}  // namespace octavo
