#include "threads/pool.h"

#include <unistd.h>

#include <algorithm>
#include <system_error>

#include "threads/float_mode.h"
#include "threads/spin.h"

namespace octavo {
namespace {

// Long enough to bridge the gap between two runs of a network in a loop (some tens of microseconds), short enough not
// to burn a core that somebody else could use.
constexpr int kSpinsBeforeSleep = 4000;
// A thread that is there claims its share within a fraction of a microsecond.
constexpr int kSpinsBeforeHelp = 32;
constexpr int kSpinsToGather = 200;
// Waking up takes some tens of microseconds.
constexpr int kSpinsToWake = 5000;

}  // namespace

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

void Pool::run(int threads, Section& section) {
  const std::unique_lock lock(busy_, std::try_to_lock);
  if (threads > 1 && lock.owns_lock()) threads = grow(threads);
  if (threads <= 1 || !lock.owns_lock()) return run_alone(section);
  const DefaultFloatMode mode;
  if (section.stages() == 0) return;
  section_ = &section;
  threads_.store(threads, std::memory_order_relaxed);
  patience_ = asleep_.load(std::memory_order_relaxed) > 0 ? kSpinsToWake : kSpinsToGather;
  first_ = number_of(open_.load(std::memory_order_relaxed));
  if (threads != seated_) assign_seats(threads);
  // Either a thread that falls asleep sees the stage, or it is seen here: hence the order of both, on both sides.
  open(first_, std::memory_order_seq_cst);
  if (asleep_.load(std::memory_order_seq_cst) > 0) {
    calls_.fetch_add(1, std::memory_order_release);
    calls_.notify_all();
  }
  work(0);
}

void Pool::run_alone(Section& section) {
  const DefaultFloatMode mode;
  Barrier alone;
  for (int stage = 0; stage < section.stages(); ++stage) {
    section.run(stage, 0, 1, alone);
    section.finish(stage);
  }
}

int Pool::grow(int threads) {
  threads = std::min(threads, kMostThreads);
  try {
    while (static_cast<int>(workers_.size()) < threads - 1) {
      const int thread = static_cast<int>(workers_.size()) + 1;
      asleep_.fetch_add(1, std::memory_order_relaxed);
      workers_.emplace_back([this, thread] { serve(thread); });
    }
  } catch (const std::system_error&) {
    // The machine grants no more threads: those that there are do all the work.
    asleep_.fetch_sub(1, std::memory_order_relaxed);
  }
  return std::min(threads, static_cast<int>(workers_.size()) + 1);
}

// Seats keep the number of the next stage from one section to the next, while the threads are as many.
void Pool::assign_seats(int threads) {
  for (int seat = 0; seat <= static_cast<int>(workers_.size()); ++seat)
    seats_[seat].next.store(seat < threads ? first_ : 0, std::memory_order_relaxed);
  seated_ = threads;
}

void Pool::serve(int thread) {
  const DefaultFloatMode mode;
  asleep_.fetch_sub(1, std::memory_order_relaxed);
  for (int spins = 0;;) {
    if (has_part(thread, open_.load(std::memory_order_acquire))) {
      work(thread);
      spins = 0;
    } else if (++spins < kSpinsBeforeSleep) {
      pause_cpu();
    } else {
      sleep(thread);
      spins = 0;
    }
  }
}

bool Pool::has_part(int thread, Ticket ticket) const noexcept {
  return (ticket & kClosed) == 0 && thread < threads_.load(std::memory_order_relaxed);
}

// Sleeps until called, unless there is a part to take. See `run`.
void Pool::sleep(int thread) {
  asleep_.fetch_add(1, std::memory_order_seq_cst);
  const uint32_t calls = calls_.load(std::memory_order_acquire);
  if (!has_part(thread, open_.load(std::memory_order_seq_cst))) calls_.wait(calls, std::memory_order_acquire);
  asleep_.fetch_sub(1, std::memory_order_relaxed);
}

// Tells the threads of a stage. All that they read was written before; `remaining_` too, by the only thread there is
// between two stages.
void Pool::open(uint64_t number, std::memory_order order) {
  const auto stage = static_cast<int>(number - first_);
  if (stage == section_->stages()) {
    open_.store(number << kFlags | kClosed, order);
    return;
  }
  remaining_.store(threads_.load(std::memory_order_relaxed), std::memory_order_relaxed);
  open_.store(number << kFlags | (section_->meets(stage) ? kMeets : 0), order);
}

// Takes part in the section that is open, if any, until it is done.
void Pool::work(int thread) noexcept {
  Barrier alone;
  bool was_alone = false;
  for (Ticket ticket = open_.load(std::memory_order_acquire); (ticket & kClosed) == 0;
       ticket = next_ticket(thread, ticket, was_alone)) {
    const int shares = threads_.load(std::memory_order_relaxed);
    if (thread >= shares) return;  // of a section that began meanwhile
    if (!claim(thread, ticket)) continue;
    if ((ticket & kMeets) != 0) {
      meet(thread, ticket);
    } else {
      run_share(ticket, thread, shares, alone);
    }
  }
}

// Claims a share. What a thread knows of the section may be old, but no number comes again: only a share of a stage
// that is open can be claimed, and that cannot end before its shares are done.
bool Pool::claim(int seat, Ticket ticket) noexcept {
  std::atomic<uint64_t>& next = seats_[seat].next;
  uint64_t number = number_of(ticket);
  return next.load(std::memory_order_relaxed) == number &&
         next.compare_exchange_strong(number, number + 1, std::memory_order_acq_rel, std::memory_order_relaxed);
}

// Does a share that this thread has claimed. The last one opens the next stage.
void Pool::run_share(Ticket ticket, int share, int shares, Barrier& barrier) noexcept {
  const uint64_t number = number_of(ticket);
  const auto stage = static_cast<int>(number - first_);
  section_->run(stage, share, shares, barrier);
  if (remaining_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  section_->finish(stage);
  open(number + 1, std::memory_order_release);
}

// Does the shares that nobody has claimed; returns whether there were any.
bool Pool::help(int thread, Ticket ticket) noexcept {
  const int shares = threads_.load(std::memory_order_relaxed);
  Barrier alone;
  bool helped = false;
  for (int i = 1; i < shares; ++i) {
    const int share = (thread + i) % shares;
    if (!claim(share, ticket)) continue;
    run_share(ticket, share, shares, alone);
    helped = true;
  }
  return helped;
}

// Waits for the next stage or the end; before long it looks for shares whose threads are not there. `was_alone`:
// whether it found some in the stage before, and shall look at once.
Pool::Ticket Pool::next_ticket(int thread, Ticket ticket, bool& was_alone) noexcept {
  const auto is_next = [&] { return open_.load(std::memory_order_acquire) != ticket; };
  if ((ticket & kMeets) == 0) {
    for (int spins = was_alone ? kSpinsBeforeHelp : 0; spins < kSpinsBeforeHelp && !is_next(); ++spins) pause_cpu();
    was_alone = !is_next() && help(thread, ticket);
  }
  spin_until(is_next);
  return open_.load(std::memory_order_acquire);
}

// Does a share of a stage whose threads meet, in which only those take part that are there when it begins.
void Pool::meet(int thread, Ticket ticket) noexcept {
  if (thread == 0) gather(ticket);
  spin_until([&] { return gathered_.load(std::memory_order_acquire) == number_of(ticket); });
  run_share(ticket, thread == 0 ? 0 : seats_[thread].rank, crew_, barrier_);
}

// Waits a little for the threads to claim their shares, then claims those of the others, who thereby have no part.
void Pool::gather(Ticket ticket) noexcept {
  const int threads = threads_.load(std::memory_order_relaxed);
  const uint64_t number = number_of(ticket);
  const auto all_are_there = [&] {
    for (int seat = 1; seat < threads; ++seat)
      if (seats_[seat].next.load(std::memory_order_relaxed) == number) return false;
    return true;
  };
  for (int spins = 0; spins < patience_ && !all_are_there(); ++spins) pause_cpu();
  crew_ = 1;
  for (int seat = 1; seat < threads; ++seat)
    if (!claim(seat, ticket)) seats_[seat].rank = crew_++;
  if (crew_ < threads) patience_ = kSpinsToGather;
  barrier_.reset(crew_);
  remaining_.store(crew_, std::memory_order_relaxed);
  gathered_.store(number, std::memory_order_release);
}

}  // namespace octavo
