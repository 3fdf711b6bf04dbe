// Waiting for another thread for microseconds.
#pragma once

#include <thread>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace octavo {

// Threads wait for each other for microseconds, unless the machine has fewer free processors than threads: then the one
// that is waited for needs the processor of the one that waits.
inline constexpr int kSpinsBeforeYield = 2000;

inline void pause_cpu() noexcept {
#if defined(__x86_64__)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

template <class Done>
void spin_until(Done&& done, int spins_before_yield = kSpinsBeforeYield) noexcept {
  for (int spins = 0; !done(); ++spins) {
    if (spins < spins_before_yield) {
      pause_cpu();
    } else {
      std::this_thread::yield();
    }
  }
}

}  // namespace octavo
