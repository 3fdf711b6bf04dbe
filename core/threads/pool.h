// A pool of threads that do the work of a section together, however many of them the machine lets run.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "threads/section.h"

namespace octavo {

// Each thread has a share of each stage, the same one in every run, so that what it reads stays in its cache. But no
// share waits for its thread: where that is late (asleep, or its processor is taken by somebody else) another one does
// it. So a section takes no longer than its caller alone would, but for what a thread holds when it loses its
// processor. Whoever does a share, the results are the same.
class Pool {
 public:
  static constexpr int kMostThreads = 1024;

  // The pool of this process. Its threads start when first needed and sleep when there is nothing to do.
  static Pool& instance();

  // Does the section in `threads` shares a stage, the caller being thread 0, and returns when it is done. While another
  // section is running, the caller's thread does it alone. Float arithmetic is in its default mode.
  void run(int threads, Section& section);

  // The same by the caller's thread, without the pool.
  static void run_alone(Section& section);

 private:
  // A stage as it is told to the threads: a number that never comes again, and two flags.
  using Ticket = uint64_t;
  static constexpr Ticket kClosed = 1;  // no stage at all: the section is done
  static constexpr Ticket kMeets = 2;
  static constexpr int kFlags = 2;
  static uint64_t number_of(Ticket ticket) { return ticket >> kFlags; }

  struct alignas(128) Seat {
    std::atomic<uint64_t> next{0};  // the number of the stage whose share nobody has claimed yet
    int rank = 0;                   // of the thread among those that meet
  };

  Pool() : seats_(std::make_unique<Seat[]>(kMostThreads)) {}

  int grow(int threads);
  void assign_seats(int threads);
  void serve(int thread);
  bool has_part(int thread, Ticket ticket) const noexcept;
  void sleep(int thread);

  void open(uint64_t number, std::memory_order order);
  void work(int thread) noexcept;
  bool claim(int seat, Ticket ticket) noexcept;
  void run_share(Ticket ticket, int share, int shares, Barrier& barrier) noexcept;
  bool help(int thread, Ticket ticket) noexcept;
  void meet(int thread, Ticket ticket) noexcept;
  void gather(Ticket ticket) noexcept;
  Ticket next_ticket(int thread, Ticket ticket, bool& was_alone) noexcept;

  std::mutex busy_;
  std::vector<std::thread> workers_;
  std::unique_ptr<Seat[]> seats_;

  int seated_ = 0;  // threads that have a share of each stage

  // All that a thread needs to take part, and is told by, in one line of the cache. Of the section that is open;
  // whoever has claimed a share may read them, until that is done.
  alignas(128) Section* section_ = nullptr;
  uint64_t first_ = 1;  // the number of its first stage
  std::atomic<Ticket> open_{1 << kFlags | kClosed};
  std::atomic<int> threads_{1};
  std::atomic<int> remaining_{0};  // shares of the stage that are not done

  // Of the stage that is open and whose threads meet.
  alignas(128) Barrier barrier_;
  int crew_ = 1;
  int patience_ = 0;
  alignas(64) std::atomic<uint64_t> gathered_{0};  // the number of the latest such stage whose threads are known

  alignas(64) std::atomic<uint32_t> calls_{0};  // how often sleepers were called
  std::atomic<int> asleep_{0};
};

}  // namespace octavo
