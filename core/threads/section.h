// Work that several threads do together.
#pragma once

#include "threads/barrier.h"

namespace octavo {

// Stages that follow one another, each cut into as many shares as there are threads. A stage begins when every share of
// the one before is done.
class Section {
 public:
  // At most Pool::kMostStages.
  virtual int stages() const = 0;

  // Whether the shares of a stage wait for each other at the barrier. Only then must they run at the same time;
  // otherwise any thread may do any of them, one after the other.
  virtual bool meets(int stage) const = 0;

  // The bytes that each thread needs for itself, see own_memory.
  virtual int64_t own_bytes() const { return 0; }

  // Does a share. Each share of a stage is done once; `threads` is the same for all of them.
  virtual void run(int stage, int share, int shares, Barrier& barrier) noexcept = 0;

 protected:
  ~Section() = default;
};

}  // namespace octavo
