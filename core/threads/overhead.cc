#include "threads/overhead.h"

#include <atomic>
#include <chrono>
#include <thread>

#include "threads/pool.h"

namespace octavo {
namespace {

class Empty final : public Section {
 public:
  // by_others: counts the shares that other threads than the caller's do.
  Empty(int stages, bool meet, std::atomic<int>& by_others) : stages_(stages), meet_(meet), by_others_(by_others) {}

  int stages() const override { return meet_ ? 1 : stages_; }
  bool meets(int) const override { return meet_; }

  void run(int, int share, int, Barrier& barrier) noexcept override {
    for (int i = 0; meet_ && i < stages_; ++i) barrier.wait();
    if (share != 0 && std::this_thread::get_id() != caller_) by_others_.fetch_add(1, std::memory_order_relaxed);
  }

 private:
  int stages_;
  bool meet_;
  std::thread::id caller_ = std::this_thread::get_id();
  std::atomic<int>& by_others_;
};

}  // namespace

std::vector<int64_t> time_empty_sections(int threads, int stages, bool meet, int rounds) {
  using Clock = std::chrono::steady_clock;
  // The caller looks at the counts at the end only: they stay in the caches of those who write them.
  std::vector<std::atomic<int>> by_others(static_cast<size_t>(rounds));
  std::vector<int64_t> all, times;
  for (std::atomic<int>& count : by_others) {
    Empty section(stages, meet, count);
    const Clock::time_point before = Clock::now();
    Pool::instance().run(threads, section);
    const Clock::time_point now = Clock::now();
    all.push_back(std::chrono::duration_cast<std::chrono::nanoseconds>(now - before).count());
  }
  for (size_t i = 0; i < all.size(); ++i)
    if (by_others[i] == (threads - 1) * (meet ? 1 : stages)) times.push_back(all[i]);
  return times;
}

}  // namespace octavo
