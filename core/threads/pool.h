// A pool of threads that run one function together, with a barrier between its parts.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <thread>
#include <type_traits>
#include <vector>

namespace octavo {

// Lets the threads of one parallel section wait for each other. Spins, and yields when the others are long in coming.
class Barrier {
 public:
  void reset(int threads) {
    threads_ = threads;
    arrived_.store(0, std::memory_order_relaxed);
  }
  void wait() noexcept;

 private:
  int threads_ = 1;
  alignas(64) std::atomic<int> arrived_{0};
  alignas(64) std::atomic<uint32_t> generation_{0};
};

class Pool {
 public:
  // The pool of this process. Its threads start when first needed and sleep when there is nothing to do.
  static Pool& instance();

  // Runs `work(thread, threads, barrier)` on `threads` threads, the caller being thread 0, and returns when all are
  // done. While another section is running, `work` gets the caller's thread alone.
  template <class Work>
  void run(int threads, Work&& work) {
    run_section(
        threads,
        [](void* context, int thread, int count, Barrier& barrier) {
          (*static_cast<std::remove_reference_t<Work>*>(context))(thread, count, barrier);
        },
        &work);
  }

 private:
  using Call = void (*)(void* context, int thread, int threads, Barrier& barrier);

  void run_section(int threads, Call call, void* context);
  int grow(int threads);
  void serve(int thread, uint32_t seen);

  std::mutex busy_;
  std::vector<std::thread> workers_;
  Barrier barrier_;
  Call call_ = nullptr;
  void* context_ = nullptr;
  alignas(64) std::atomic<uint32_t> epoch_{0};
  int threads_ = 1;
  alignas(64) std::atomic<int> running_{0};
};

}  // namespace octavo
