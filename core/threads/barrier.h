// Where threads that work together wait for each other.
#pragma once

#include <atomic>
#include <cstdint>

#include "threads/spin.h"

namespace octavo {

// Spins, and yields when the others are long in coming, or at once where they need the same processor. One counter is
// all that the threads share: the line of the cache that the last one to arrive has to fetch anyway is the line that
// the others look at.
class Barrier {
 public:
  void reset(int threads, int spins_before_yield) {
    threads_ = static_cast<uint32_t>(threads);
    spins_before_yield_ = spins_before_yield;
    arrived_.store(0, std::memory_order_relaxed);
  }

  void wait() noexcept {
    if (threads_ == 1) return;
    const uint32_t before = arrived_.fetch_add(1, std::memory_order_acq_rel);
    const uint32_t all = before - before % threads_ + threads_;
    if (before + 1 == all) return;
    spin_until([&] { return arrived_.load(std::memory_order_acquire) >= all; }, spins_before_yield_);
  }

 private:
  uint32_t threads_ = 1;
  int spins_before_yield_ = kSpinsBeforeYield;
  alignas(64) std::atomic<uint32_t> arrived_{0};  // since `reset`, which comes long before it overflows
};

}  // namespace octavo
