// The matrix registers of a thread, for as long as its share of a step takes.
#pragma once

#include "kernels/thread_registers.h"

namespace octavo {

class ScopedRegisters : public ThreadRegisters {
 public:
  ScopedRegisters() = default;
  ScopedRegisters(const ScopedRegisters&) = delete;
  ScopedRegisters& operator=(const ScopedRegisters&) = delete;
  ~ScopedRegisters() {
    if (release != nullptr) release();
  }
};

}  // namespace octavo
