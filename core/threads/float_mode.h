// The mode of float arithmetic that results are defined in.
#pragma once

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace octavo {

// Rounding half to even and gradual underflow, whatever the caller has set on its thread (torch.set_flush_denormal,
// say): the same bits on every thread.
class DefaultFloatMode {
 public:
#if defined(__x86_64__)
  DefaultFloatMode() : saved_(_mm_getcsr()) { _mm_setcsr(0x1f80); }
  ~DefaultFloatMode() { _mm_setcsr(saved_); }

 private:
  unsigned saved_;
#else
  DefaultFloatMode() {}
#endif

 public:
  DefaultFloatMode(const DefaultFloatMode&) = delete;
  DefaultFloatMode& operator=(const DefaultFloatMode&) = delete;
};

}  // namespace octavo
