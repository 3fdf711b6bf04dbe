#include "threads/overhead.h"

#include <chrono>
#include <thread>

#include "threads/pool.h"

namespace octavo {
namespace {

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

}  // namespace

std::vector<int64_t> time_empty_sections(int threads, int stages, bool meet, int rounds) {
  using Clock = std::chrono::steady_clock;
  std::vector<int64_t> times;
  times.reserve(static_cast<size_t>(rounds));
  Empty section(threads, stages, meet);
  for (int round = 0; round < rounds; ++round) {
    const Clock::time_point before = Clock::now();
    Pool::instance().run(threads, section);
    const Clock::time_point now = Clock::now();
    if (!section.was_alone())
      times.push_back(std::chrono::duration_cast<std::chrono::nanoseconds>(now - before).count());
  }
  return times;
}

}  // namespace octavo
