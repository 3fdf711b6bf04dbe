// Tiles (tiles.h) in the matrix registers of a processor with AMX. Everything has internal linkage.
//
// Instructions in place of gcc's intrinsics, because those do not say that a load reads memory: the compiler would be
// free to leave out, or to move past it, what was written there before.
#pragma once

#include <cstdint>

#include "kernels/tiles.h"

namespace octavo {
namespace {

struct AmxTiles {
  static void configure(const TileConfig& config) { asm volatile("ldtilecfg %0" : : "m"(config) : "memory"); }
  static void release() { asm volatile("tilerelease" : : : "memory"); }

  template <int T>
  [[gnu::always_inline]] static void load(const void* base, int64_t stride) {
    asm volatile("tileloadd (%0,%1,1), %%tmm%c2" : : "r"(base), "r"(stride), "i"(T) : "memory");
  }
  template <int T>
  [[gnu::always_inline]] static void store(void* base, int64_t stride) {
    asm volatile("tilestored %%tmm%c2, (%0,%1,1)" : : "r"(base), "r"(stride), "i"(T) : "memory");
  }
  template <int T>
  [[gnu::always_inline]] static void zero() {
    asm volatile("tilezero %%tmm%c0" : : "i"(T));
  }
  template <int C, int A, int B>
  [[gnu::always_inline]] static void dpbusd() {
    asm volatile("tdpbusd %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(C), "i"(A), "i"(B));
  }
};

}  // namespace
}  // namespace octavo
