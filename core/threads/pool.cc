#include "threads/pool.h"

#include <pthread.h>

#include <algorithm>
#include <exception>
#include <system_error>
#include <utility>

#include "threads/float_mode.h"
#include "threads/processor.h"
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

// Never destroyed: a run may be in progress on a daemon thread while the process ends. After a fork the threads are
// gone, so the child starts a pool of its own.
std::atomic<Pool*> current{nullptr};
const int kForgotten = pthread_atfork(nullptr, nullptr, [] { current.store(nullptr, std::memory_order_relaxed); });

// Claims are compared like this so that numbers may overflow.
bool is_before(uint64_t number, uint64_t other) { return static_cast<int64_t>(number - other) < 0; }

class Turn {
 public:
  explicit Turn(std::atomic_flag& busy) : busy_(busy.test_and_set(std::memory_order_acquire) ? nullptr : &busy) {}
  ~Turn() {
    if (busy_ != nullptr) busy_->clear(std::memory_order_release);
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  bool is_mine() const { return busy_ != nullptr; }

 private:
  std::atomic_flag* busy_;
};

}  // namespace

Pool& Pool::instance() {
  Pool* pool = current.load(std::memory_order_acquire);
  if (pool != nullptr) return *pool;
  auto made = std::unique_ptr<Pool>(new Pool);
  if (current.compare_exchange_strong(pool, made.get(), std::memory_order_acq_rel)) return *made.release();
  return *pool;
}

void Pool::run(int threads, Section& section) {
  const int stages = section.stages();
  if (stages == 0) return;
  if (threads <= 1 || stages > kMostStages) return run_alone(section);
  const Turn turn(busy_);
  if (turn.is_mine()) threads = grow(threads);
  if (threads <= 1 || !turn.is_mine()) return run_alone(section);
  reserve(threads, section.own_bytes());
  const DefaultFloatMode mode;
  describe(threads, section);
  patience_ = asleep_.load(std::memory_order_relaxed) > 0 ? kSpinsToWake : kSpinsToGather;
  // Either a thread that falls asleep sees the stage, or it is seen here: hence the order of both, on both sides.
  const uint64_t first = (open_.load(std::memory_order_relaxed) | (kRun - 1)) + 1;
  open(first, std::memory_order_seq_cst);
  if (asleep_.load(std::memory_order_seq_cst) > 0) {
    calls_.fetch_add(1, std::memory_order_release);
    calls_.notify_all();
  }
  work(0);
}

void Pool::run_alone(Section& section) {
  reserve_own_memory(section.own_bytes());
  const DefaultFloatMode mode;
  Barrier alone;
  for (int stage = 0; stage < section.stages(); ++stage) section.run(stage, 0, 1, alone);
}

int Pool::grow(int threads) {
  threads = std::min(threads, kMostThreads);
  try {
    while (static_cast<int>(workers_.size()) < threads - 1) {
      const int thread = static_cast<int>(workers_.size()) + 1;
      asleep_.fetch_add(1, std::memory_order_relaxed);
      workers_.emplace_back([this, thread] { serve(thread); });
    }
  } catch (const std::exception&) {
    // The machine grants no more threads: those that there are do all the work.
    asleep_.fetch_sub(1, std::memory_order_relaxed);
  }
  return std::min(threads, static_cast<int>(workers_.size()) + 1);
}

// Memory for the threads of a section, of which none is at work.
void Pool::reserve(int threads, int64_t bytes) {
  reserve_own_memory(bytes);
  if (threads <= reserved_threads_ && bytes <= reserved_bytes_) return;
  threads = std::max(threads, reserved_threads_);
  bytes = std::max(bytes, std::exchange(reserved_bytes_, 0));
  for (int seat = 1; seat < threads; ++seat) seats_[seat].memory.reserve(bytes);
  reserved_threads_ = threads;
  reserved_bytes_ = bytes;
}

// Writes what is new: a line that nobody has written need not be fetched. A thread that still looks for shares of the
// section before finds none that nobody has claimed, however many threads it then sees.
void Pool::describe(int threads, Section& section) {
  if (section_ != &section) section_ = &section;
  const int before = threads_.load(std::memory_order_relaxed);
  if (threads == before) return;
  for (int seat = before; seat < threads; ++seat)
    seats_[seat].claimed.store(number_of(open_.load(std::memory_order_relaxed)), std::memory_order_relaxed);
  threads_.store(threads, std::memory_order_release);
}

void Pool::serve(int thread) {
  const DefaultFloatMode mode;
  asleep_.fetch_sub(1, std::memory_order_relaxed);
  Ticket left = 0;
  for (int spins = 0;;) {
    if (has_part(thread, left)) {
      left = work(thread);
      spins = 0;
    } else if (++spins < kSpinsBeforeSleep) {
      pause_cpu();
    } else {
      sleep(thread, left);
      spins = 0;
    }
  }
}

// Whether there is a stage other than the one that the thread has left.
bool Pool::has_part(int thread, Ticket left) const noexcept {
  return open_.load(std::memory_order_seq_cst) != left && thread < threads_.load(std::memory_order_relaxed);
}

// Sleeps until called, unless there is a part to take. See `run`.
void Pool::sleep(int thread, Ticket left) {
  asleep_.fetch_add(1, std::memory_order_seq_cst);
  const uint32_t calls = calls_.load(std::memory_order_acquire);
  if (!has_part(thread, left)) calls_.wait(calls, std::memory_order_acquire);
  asleep_.fetch_sub(1, std::memory_order_relaxed);
}

// Tells the threads of a stage. All that they read was written before; `remaining_` too, by the only thread there is
// between two stages.
void Pool::open(uint64_t number, std::memory_order order) noexcept {
  const int stage = stage_of(number);
  remaining_.store(threads_.load(std::memory_order_relaxed), std::memory_order_relaxed);
  open_.store(number | (section_->meets(stage) ? kMeets : 0) | (stage + 1 == section_->stages() ? kLast : 0), order);
}

// Takes part in the section that is open until there is nothing left to do: for the caller, until all is done. Returns
// the ticket of the stage that it leaves.
Pool::Ticket Pool::work(int thread) noexcept {
  Barrier alone;
  bool was_alone = false;
  for (Ticket ticket = open_.load(std::memory_order_acquire);;) {
    const int shares = threads_.load(std::memory_order_acquire);
    if (thread >= shares) return ticket;  // of a section that began meanwhile
    if ((ticket & kMeets) != 0) seats_[thread].processor.store(current_processor(), std::memory_order_relaxed);
    if (claim(thread, ticket)) {
      if ((ticket & kMeets) != 0) {
        meet(thread, ticket);
      } else {
        run_share(thread, ticket, thread, shares, alone);
      }
    }
    const Ticket next = next_ticket(thread, ticket, was_alone);
    if (next == ticket) return ticket;
    ticket = next;
  }
}

// Claims a share. What a thread knows of the section may be old, but then all shares of that stage have been claimed:
// only a share of a stage that is open can be, and that cannot end before its shares are done.
bool Pool::claim(int seat, Ticket ticket) noexcept {
  std::atomic<uint64_t>& claimed = seats_[seat].claimed;
  uint64_t latest = claimed.load(std::memory_order_relaxed);
  return is_before(latest, number_of(ticket)) &&
         claimed.compare_exchange_strong(latest, number_of(ticket), std::memory_order_acq_rel,
                                         std::memory_order_relaxed);
}

// Does a share that this thread has claimed. The last one opens the next stage.
void Pool::run_share(int thread, Ticket ticket, int share, int shares, Barrier& barrier) noexcept {
  if (thread != 0) own_memory = seats_[thread].memory.begin();  // the caller has its own, see `reserve`
  section_->run(stage_of(ticket), share, shares, barrier);
  if (remaining_.fetch_sub(1, std::memory_order_acq_rel) != 1 || (ticket & kLast) != 0) return;
  open(number_of(ticket) + kStage, std::memory_order_release);
}

// Does the shares that nobody has claimed; returns whether there were any.
bool Pool::help(int thread, Ticket ticket) noexcept {
  const int shares = threads_.load(std::memory_order_acquire);
  Barrier alone;
  bool helped = false;
  for (int i = 1; i < shares; ++i) {
    const int seat = (thread + i) % shares;
    if (!claim(seat, ticket)) continue;
    run_share(thread, ticket, seat, shares, alone);
    helped = true;
  }
  return helped;
}

// Waits for the next stage and returns its ticket, or the same one where the thread is to leave the section; before
// long it looks for shares whose threads are not there. `was_alone`: whether it found some in the stage before, and
// shall look at once.
Pool::Ticket Pool::next_ticket(int thread, Ticket ticket, bool& was_alone) noexcept {
  const bool is_last = (ticket & kLast) != 0;
  const auto is_over = [&] {
    return open_.load(std::memory_order_acquire) != ticket ||
           (is_last && thread == 0 && remaining_.load(std::memory_order_acquire) == 0);
  };
  if ((ticket & kMeets) == 0) {
    for (int spins = was_alone ? kSpinsBeforeHelp : 0; spins < kSpinsBeforeHelp && !is_over(); ++spins) pause_cpu();
    was_alone = !is_over() && help(thread, ticket);
  }
  if (!is_last || thread == 0) spin_until(is_over);
  return open_.load(std::memory_order_acquire);
}

// Does a share of a stage whose threads meet, in which only those take part that are there when it begins.
void Pool::meet(int thread, Ticket ticket) noexcept {
  if (thread == 0) {
    gather(ticket);
  } else {
    const int processor = seats_[thread].processor.load(std::memory_order_relaxed);
    const bool beside_caller = processor >= 0 && processor == seats_[0].processor.load(std::memory_order_relaxed);
    spin_until([&] { return gathered_.load(std::memory_order_acquire) == number_of(ticket); },
               beside_caller ? 0 : kSpinsBeforeYield);
  }
  const bool all_are_there = crew_ == threads_.load(std::memory_order_relaxed);
  run_share(thread, ticket, all_are_there || thread == 0 ? thread : seats_[thread].rank, crew_, barrier_);
}

// Waits a little for the threads to claim their shares, then claims those of the others, who thereby have no part.
void Pool::gather(Ticket ticket) noexcept {
  const int threads = threads_.load(std::memory_order_relaxed);
  const uint64_t number = number_of(ticket);
  const auto all_are_there = [&] {
    for (int seat = 1; seat < threads; ++seat)
      if (seats_[seat].claimed.load(std::memory_order_relaxed) != number) return false;
    return true;
  };
  bool are_there = all_are_there();
  for (int spins = 0; spins < patience_ && !are_there; are_there = all_are_there(), ++spins) pause_cpu();
  crew_ = threads;
  if (!are_there) {
    crew_ = 1;
    for (int seat = 1; seat < threads; ++seat)
      if (!claim(seat, ticket)) seats_[seat].rank = crew_++;
  }
  if (crew_ < threads) {
    patience_ = kSpinsToGather;
    remaining_.store(crew_, std::memory_order_relaxed);
  }
  barrier_.reset(crew_, crew_ > 1 && is_crowded() ? 0 : kSpinsBeforeYield);
  gathered_.store(number, std::memory_order_release);
}

// Whether two threads were on one processor when they last came, where the system says. Processors are told apart by
// their last six bits: the worst of taking one for another is a yield.
bool Pool::is_crowded() const noexcept {
  const int threads = threads_.load(std::memory_order_relaxed);
  uint64_t taken = 0;
  for (int seat = 0; seat < threads; ++seat) {
    const int processor = seats_[seat].processor.load(std::memory_order_relaxed);
    if (processor < 0) continue;
    const uint64_t bit = uint64_t{1} << (processor % 64);
    if ((taken & bit) != 0) return true;
    taken |= bit;
  }
  return false;
}

}  // namespace octavo
