#include "threads/overhead.h"

#include <atomic>
#include <chrono>
#include <thread>

#include "threads/pool.h"

namespace octavo {
namespace {

class Empty final : public Section {
 public:
  Empty(int stages, bool meet) : stages_(stages), meet_(meet) {}

  int stages() const override { return meet_ ? 1 : stages_; }
  bool meets(int) const override { return meet_; }

  void run(int, int share, int, Barrier& barrier) noexcept override {
    for (int i = 0; meet_ && i < stages_; ++i) barrier.wait();
    if (share != 0 && std::this_thread::get_id() != caller_) by_others_.fetch_add(1, std::memory_order_relaxed);
  }

  int by_others() const { return by_others_.load(std::memory_order_relaxed); }

 private:
  int stages_;
  bool meet_;
  std::thread::id caller_ = std::this_thread::get_id();
  alignas(64) std::atomic<int> by_others_{0};
};

}  // namespace

std::vector<int64_t> time_empty_sections(int threads, int stages, bool meet, int rounds) {
  using Clock = std::chrono::steady_clock;
  std::vector<int64_t> times;
  for (int round = 0; round < rounds; ++round) {
    Empty section(stages, meet);
    const Clock::time_point before = Clock::now();
    Pool::instance().run(threads, section);
    const Clock::time_point now = Clock::now();
    if (section.by_others() == (threads - 1) * section.stages())
      times.push_back(std::chrono::duration_cast<std::chrono::nanoseconds>(now - before).count());
  }
  return times;
}

}  // namespace octavo
