// What a thread keeps from tile to tile of a step, and gives back after the last: how its matrix registers (tiles.h)
// are set up, where a kernel has any. Plain data; engine/scoped_registers.h gives back at the end of a scope.
#pragma once

#include <cstdint>

namespace octavo {

struct ThreadRegisters {
  int64_t shape = 0;            // 0: they are not
  void (*release)() = nullptr;  // to be called, unless null, when the thread has no more tiles
};

}  // namespace octavo
