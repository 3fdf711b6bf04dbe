// Which processor a thread is on.
#pragma once

#if defined(__linux__)
#include <sched.h>
#endif

namespace octavo {

// Which one the calling thread is on, or was on a moment ago; negative where the system does not say.
inline int current_processor() noexcept {
#if defined(__linux__)
  return sched_getcpu();
#else
  return -1;
#endif
}

}  // namespace octavo
