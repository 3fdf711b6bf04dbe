// What a step found wrong in the numbers of an input, reported once all threads are done.
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <optional>

#include "engine/tensor.h"

namespace octavo {

// The first of the entries that threads report, by position, whatever the order in which they do.
class FirstMistake {
 public:
  struct Entry {
    int64_t position, value;
  };

  void report(int64_t position, int64_t value) noexcept {
    while (busy_.test_and_set(std::memory_order_acquire)) {}
    if (position < entry_.position) entry_ = {position, value};
    busy_.clear(std::memory_order_release);
  }

  // Returns the entry, if there is one, and forgets it. Only between runs.
  std::optional<Entry> take() noexcept {
    const Entry entry = entry_;
    entry_ = kNone;
    if (entry.position == kNone.position) return {};
    return entry;
  }

 private:
  static constexpr Entry kNone = {std::numeric_limits<int64_t>::max(), 0};
  std::atomic_flag busy_;
  Entry entry_ = kNone;
};

// The index along each axis, as dims of the result, of the element at a position in row-major order.
inline Shape place_of(int64_t position, const Shape& shape) {
  Shape place = shape;
  for (int axis = shape.rank - 1; axis >= 0; --axis) {
    place.dim[axis] = position % shape.dim[axis];
    position /= shape.dim[axis];
  }
  return place;
}

}  // namespace octavo
