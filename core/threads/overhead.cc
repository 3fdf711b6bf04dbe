#include "threads/overhead.h"

#include <chrono>
#include <span>
#include <thread>

#include "threads/pool.h"
#include "threads/spin.h"

namespace octavo {
namespace {

using Clock = std::chrono::steady_clock;

int64_t nanoseconds_since(Clock::time_point before) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - before).count();
}

// Nothing is written in it by the way, so that it stays in the threads' caches.
class Empty final : public Section {
 public:
  Empty(int threads, int stages, bool meet) : threads_(threads), stages_(stages), meet_(meet) {}

  int stages() const override { return meet_ ? 1 : stages_; }
  bool meets(int) const override { return meet_; }

  void run(int, int share, int shares, Barrier& barrier) noexcept override {
    for (int i = 0; meet_ && i < stages_; ++i) barrier.wait();
    if ((share != 0 || shares != threads_) && std::this_thread::get_id() == caller_) by_caller_ = true;
  }

  // Whether the caller did shares of others since this was last asked.
  bool was_alone() { return by_caller_ && !(by_caller_ = false); }

 private:
  int threads_, stages_;
  bool meet_;
  std::thread::id caller_ = std::this_thread::get_id();
  bool by_caller_ = false;
};

// Even numbers are the caller's turn, odd ones the other thread's. Who waits for a turn takes the line whether it has
// come or not, and so has what it needs to answer: the line travels once each way.
class RoundTrips final : public Section {
 public:
  int stages() const override { return 1; }
  bool meets(int) const override { return true; }

  void run(int, int share, int shares, Barrier& barrier) noexcept override {
    if (share == 0) met_ = shares == 2;
    if (shares != 2) return;
    barrier.wait();
    for (uint64_t i = 0; i < kAtOnce; ++i) {
      if (share != 0) {
        take(2 * i + 1, 2 * i + 2);
        continue;
      }
      const Clock::time_point before = Clock::now();
      take(2 * i, 2 * i + 1);
      take(2 * i + 2, 2 * i + 2);
      times_[i] = nanoseconds_since(before);
    }
    if (share == 0) line_.store(0, std::memory_order_relaxed);
  }

  // Of the latest run: nothing where the thread was not there.
  std::span<const int64_t> times() const { return {times_, met_ ? kAtOnce : 0}; }

 private:
  void take(uint64_t turn, uint64_t next) noexcept {
    spin_until([&] {
      uint64_t expected = turn;
      return line_.compare_exchange_strong(expected, next, std::memory_order_acq_rel, std::memory_order_relaxed);
    });
  }

  static constexpr size_t kAtOnce = 20;
  int64_t times_[kAtOnce] = {};
  bool met_ = false;
  alignas(128) std::atomic<uint64_t> line_{0};
  [[maybe_unused]] char rest_of_line_[120];
};

}  // namespace

std::vector<int64_t> time_empty_sections(int threads, int stages, bool meet, int rounds) {
  std::vector<int64_t> times;
  times.reserve(static_cast<size_t>(rounds));
  Empty section(threads, stages, meet);
  for (int round = 0; round < rounds; ++round) {
    const Clock::time_point before = Clock::now();
    Pool::instance().run(threads, section);
    const int64_t time = nanoseconds_since(before);
    if (!section.was_alone()) times.push_back(time);
  }
  return times;
}

std::vector<int64_t> time_round_trips(int rounds) {
  std::vector<int64_t> times;
  RoundTrips section;
  for (int round = 0; round < rounds; ++round) {
    Pool::instance().run(2, section);
    times.insert(times.end(), section.times().begin(), section.times().end());
  }
  return times;
}

}  // namespace octavo
