// Which rows of a batch take part in a step of time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <exception>
#include <string>

#include "engine/operator.h"
#include "engine/operators/first_mistake.h"

namespace octavo {

class RecurrentLengths {
 public:
  // lengths: int64 [n], or null where every row has all steps of time.
  RecurrentLengths(const Tensor* lengths, int64_t times, bool reverse)
      : lengths_(lengths), times_(times), reverse_(reverse) {}

  bool given() const { return lengths_ != nullptr; }

  // At least 1 and at most the number of steps, whatever stands there.
  int64_t of(int64_t row) const noexcept {
    return lengths_ == nullptr ? times_ : std::clamp<int64_t>(at(row), 1, times_);
  }

  // The last step of time at which a row takes part.
  int64_t last_time(int64_t row) const noexcept { return reverse_ ? 0 : of(row) - 1; }

  // Calls each(first row, number of rows, whether they start) for the runs of rows that take part at a step, where all
  // start at it, or none does.
  template <class Each>
  void for_each_run(Range rows, int64_t step, Each each) const noexcept {
    if (lengths_ == nullptr) {
      if (rows.first < rows.last) each(rows.first, rows.last - rows.first, step == 0);
      return;
    }
    for (int64_t first = rows.first; first < rows.last;) {
      const Phase phase = phase_of(first, step);
      int64_t last = first + 1;
      while (last < rows.last && phase_of(last, step) == phase) ++last;
      if (phase != Phase::resting) each(first, last - first, phase == Phase::starting);
      first = last;
    }
  }

  void check(Range rows) noexcept {
    for (int64_t row = rows.first; given() && row < rows.last; ++row)
      if (at(row) != of(row)) wrong_.report(row, at(row));
  }

  std::exception_ptr take_error(const std::string& where);

 private:
  enum class Phase : uint8_t { resting, starting, running };

  int64_t at(int64_t row) const noexcept {
    return *reinterpret_cast<const int64_t*>(lengths_->data + row * lengths_->stride[0]);
  }
  Phase phase_of(int64_t row, int64_t step) const noexcept {
    const int64_t time = reverse_ ? times_ - 1 - step : step, length = of(row);
    if (time >= length) return Phase::resting;
    return time == (reverse_ ? length - 1 : 0) ? Phase::starting : Phase::running;
  }

  const Tensor* lengths_;
  int64_t times_;
  bool reverse_;
  FirstMistake wrong_;
};

}  // namespace octavo
