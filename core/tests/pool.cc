// Sections of random shape from two callers at once, each share checked: `make tsan` builds it with ThreadSanitizer.
#include "threads/pool.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace {

using namespace octavo;

constexpr int kNumbers = 64;

// Each stage adds 1 to all numbers and turns their order round, so that a share reads what another one wrote. Between
// the two the numbers lie at the end of the thread's own memory, of which each section asks for another size.
class Turns final : public Section {
 public:
  Turns(int stages, bool with_meetings) : stages_(stages), with_meetings_(with_meetings) {}

  int stages() const override { return stages_; }
  bool meets(int stage) const override { return with_meetings_ && stage % 3 == 1; }
  int64_t own_bytes() const override { return int64_t{4} * kNumbers * (stages_ + 1); }

  void run(int stage, int share, int shares, Barrier& barrier) noexcept override {
    const std::vector<int>& from = stage % 2 != 0 ? odd_ : even_;
    std::vector<int>& to = stage % 2 != 0 ? even_ : odd_;
    const int first = kNumbers * share / shares, last = kNumbers * (share + 1) / shares;
    if (!meets(stage)) {
      int* own = reinterpret_cast<int*>(own_memory) + kNumbers * stages_;
      for (int i = first; i < last; ++i) own[i] = from[kNumbers - 1 - i] + 1;
      for (int i = first; i < last; ++i) to[i] = own[i];
      return;
    }
    for (int i = first; i < last; ++i) between_[i] = from[kNumbers - 1 - i];
    barrier.wait();
    for (int i = first; i < last; ++i) to[kNumbers - 1 - i] = between_[kNumbers - 1 - i] + 1;
  }

  bool is_right() const {
    for (const int number : stages_ % 2 != 0 ? odd_ : even_)
      if (number != stages_) return false;
    return true;
  }

 private:
  int stages_;
  bool with_meetings_;
  std::vector<int> even_ = std::vector<int>(kNumbers), odd_ = even_, between_ = even_;
};

void call(uint32_t seed, int sections) {
  for (int i = 0; i < sections; ++i) {
    seed = seed * 1664525 + 1013904223;
    Turns turns(static_cast<int>((seed >> 20) % 10), (seed >> 16 & 1) != 0);
    Pool::instance().run(1 + static_cast<int>((seed >> 10) % 5), turns);
    if (!turns.is_right()) {
      std::puts("a share was done twice, not at all or too early");
      std::exit(1);
    }
    if (seed >> 25 == 0) std::this_thread::sleep_for(std::chrono::microseconds(300));  // the pool's threads fall asleep
  }
}

}  // namespace

int main(int count, char** arguments) {
  const int sections = count > 1 ? std::atoi(arguments[1]) : 20000;
  std::thread other(call, 2, sections);
  call(1, sections);
  other.join();
  std::puts("ok");
}
