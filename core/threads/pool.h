// A pool of threads that do the work of a section together, however many of them the machine lets run.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "threads/own_memory.h"
#include "threads/section.h"

namespace octavo {

// Each thread has a share of each stage, the same one in every run, so that what it reads stays in its cache. But no
// share waits for its thread: where that is late (asleep, or its processor is taken by somebody else) another one does
// it. So a section takes no longer than its caller alone would, but for what a thread holds when it loses its
// processor. Whoever does a share, the results are the same.
//
// What threads tell each other costs most: a line of the cache that one has written takes 20 to 100 nanoseconds to
// reach another. Where nobody is late, one line goes back and forth: the caller fetches it to open a stage, a thread
// reads it, fetches it to say that its share is done, and whoever is last opens the next stage while it has it.
class Pool {
 public:
  static constexpr int kMostThreads = 1024;
  static constexpr int kMostStages = (1 << 20) - 1;

  // The pool of this process. Its threads start when first needed and sleep when there is nothing to do.
  static Pool& instance();

  // Does the section in `threads` shares a stage, the caller being thread 0, and returns when it is done. While another
  // section is running, the caller's thread does it alone. Float arithmetic is in its default mode. A section that lies
  // where the one before lay, unchanged, is in the threads' caches. Throws std::bad_alloc where there is no memory for
  // what its threads need.
  void run(int threads, Section& section);

  // The same by the caller's thread, without the pool.
  static void run_alone(Section& section);

 private:
  // What the threads are told of a stage: the number of the run, the number of the stage in it (20 bits) and flags.
  // Tickets grow, and none comes again.
  using Ticket = uint64_t;
  static constexpr Ticket kMeets = 1;
  static constexpr Ticket kLast = 2;
  static constexpr Ticket kStage = 4;  // from one stage to the next
  static constexpr Ticket kRun = kStage * (kMostStages + 1);
  static int stage_of(Ticket ticket) { return static_cast<int>(ticket % kRun / kStage); }
  static uint64_t number_of(Ticket ticket) { return ticket - ticket % kStage; }

  struct alignas(128) Seat {
    std::atomic<uint64_t> claimed{0};  // the number of the latest stage whose share somebody has claimed
    std::atomic<int> processor{-1};    // the thread's when it last came to a stage whose threads meet
    int rank = 0;                      // of the thread among those that meet
    OwnMemory memory;                  // of the thread, which is never the caller's
  };

  Pool() : seats_(std::make_unique<Seat[]>(kMostThreads)) {}

  int grow(int threads);
  void reserve(int threads, int64_t bytes);
  void describe(int threads, Section& section);
  void serve(int thread);
  bool has_part(int thread, Ticket left) const noexcept;
  void sleep(int thread, Ticket left);

  Ticket work(int thread) noexcept;
  bool claim(int seat, Ticket ticket) noexcept;
  void open(uint64_t number, std::memory_order order) noexcept;
  void run_share(int thread, Ticket ticket, int share, int shares, Barrier& barrier) noexcept;
  bool help(int thread, Ticket ticket) noexcept;
  void meet(int thread, Ticket ticket) noexcept;
  void gather(Ticket ticket) noexcept;
  bool is_crowded() const noexcept;
  Ticket next_ticket(int thread, Ticket ticket, bool& was_alone) noexcept;

  // Of the caller alone.
  std::atomic_flag busy_;
  int patience_ = 0;
  int reserved_threads_ = 1;
  int64_t reserved_bytes_ = 0;
  std::vector<std::thread> workers_;

  // All that a thread needs to take part, and is told by, in one line of the cache. The section: whoever has claimed a
  // share may read it, until that is done.
  alignas(128) Section* section_ = nullptr;
  std::unique_ptr<Seat[]> seats_;
  std::atomic<Ticket> open_{0};  // stays when its stage is done, if that is the last one of its section
  std::atomic<int> threads_{1};
  std::atomic<int> remaining_{0};  // shares of the stage that are not done

  // Of the stage that is open and whose threads meet.
  alignas(128) std::atomic<uint64_t> gathered_{0};  // the number of the latest such stage whose threads are known
  int crew_ = 1;
  Barrier barrier_;

  alignas(128) std::atomic<uint32_t> calls_{0};  // how often sleepers were called
  std::atomic<int> asleep_{0};
};

}  // namespace octavo
