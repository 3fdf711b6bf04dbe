// Memory that a thread has for itself.
#pragma once

#include <cstdint>
#include <memory>

namespace octavo {

// For what a share of a stage writes and reads again before it ends. It is nobody else's, and at the same place in
// every run, so that it stays in the cache of its thread: a line that another thread has used last takes long to come.
class OwnMemory {
 public:
  // Makes it `bytes` long or longer; what it held is lost. Throws std::bad_alloc.
  void reserve(int64_t bytes);
  uint8_t* begin() const { return begin_.get(); }

 private:
  struct Free {
    void operator()(uint8_t* memory) const;
  };
  std::unique_ptr<uint8_t[], Free> begin_;
  int64_t bytes_ = 0;
};

// What the thread that does a share may use: as many bytes as its section asks for (Section::own_bytes), on a multiple
// of 64.
inline thread_local uint8_t* own_memory = nullptr;

// Makes `own_memory` of the calling thread, which is not one of the pool's, `bytes` long or longer.
void reserve_own_memory(int64_t bytes);

}  // namespace octavo
