#include "threads/pool.h"

#include <unistd.h>

#include <algorithm>
#include <system_error>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace octavo {
namespace {

// Long enough to bridge the gap between two runs of a network in a loop (some tens of microseconds), short enough not
// to burn a core that somebody else could use.
constexpr int kSpinsBeforeSleep = 4000;
// Threads of a section wait for each other for microseconds, unless the machine has fewer free processors than threads:
// then the one that is waited for needs the processor of the one that waits.
constexpr int kSpinsBeforeYield = 2000;

void pause_cpu() noexcept {
#if defined(__x86_64__)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

template <class Done>
void spin_until(Done&& done) noexcept {
  for (int spins = 0; !done(); ++spins) {
    if (spins < kSpinsBeforeYield) {
      pause_cpu();
    } else {
      std::this_thread::yield();
    }
  }
}

}  // namespace

void Barrier::wait() noexcept {
  if (threads_ == 1) return;
  const uint32_t generation = generation_.load(std::memory_order_relaxed);
  if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == threads_) {
    arrived_.store(0, std::memory_order_relaxed);
    generation_.store(generation + 1, std::memory_order_release);
    return;
  }
  spin_until([&] { return generation_.load(std::memory_order_acquire) != generation; });
}

Pool& Pool::instance() {
  // Never destroyed: a run may be in progress on a daemon thread while the process ends. After a fork the threads are
  // gone, so the child starts a pool of its own.
  static std::atomic<Pool*> current{nullptr};
  static std::atomic<pid_t> owner{0};
  static std::mutex making;
  if (owner.load(std::memory_order_acquire) == getpid()) return *current.load(std::memory_order_relaxed);
  const std::lock_guard lock(making);
  if (owner.load(std::memory_order_relaxed) != getpid()) {
    current.store(new Pool, std::memory_order_relaxed);
    owner.store(getpid(), std::memory_order_release);
  }
  return *current.load(std::memory_order_relaxed);
}

int Pool::grow(int threads) {
  try {
    while (static_cast<int>(workers_.size()) < threads - 1) {
      const int thread = static_cast<int>(workers_.size()) + 1;
      workers_.emplace_back([this, thread, seen = epoch_.load()] { serve(thread, seen); });
    }
  } catch (const std::system_error&) {
    // The machine grants no more threads: those that there are do all the work.
  }
  return std::min(threads, static_cast<int>(workers_.size()) + 1);
}

void Pool::serve(int thread, uint32_t seen) {
  for (;;) {
    for (int spins = 0; epoch_.load(std::memory_order_acquire) == seen; ++spins) {
      if (spins < kSpinsBeforeSleep) {
        pause_cpu();
      } else {
        epoch_.wait(seen, std::memory_order_acquire);
      }
    }
    seen = epoch_.load(std::memory_order_acquire);
    if (thread < threads_) {
      call_(context_, thread, threads_, barrier_);
    }
    running_.fetch_sub(1, std::memory_order_release);
  }
}

void Pool::run_section(int threads, Call call, void* context) {
  std::unique_lock lock(busy_, std::defer_lock);
  if (threads <= 1 || !lock.try_lock()) {
    Barrier alone;
    call(context, 0, 1, alone);
    return;
  }
  threads = grow(threads);
  call_ = call;
  context_ = context;
  threads_ = threads;
  barrier_.reset(threads);
  // Every worker answers, also those that have no part in this section: none may still be looking when the next begins.
  running_.store(static_cast<int>(workers_.size()), std::memory_order_relaxed);
  epoch_.fetch_add(1, std::memory_order_release);
  epoch_.notify_all();
  call(context, 0, threads, barrier_);
  spin_until([&] { return running_.load(std::memory_order_acquire) == 0; });
}

}  // namespace octavo
