#include "engine/copy.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace octavo {
namespace {

struct Axis {
  int64_t count, from, to;  // from, to: byte strides
};

// The axes of size > 1, outermost in `to` first, neighbours merged where both sides allow.
std::vector<Axis> merged_axes(const Tensor& from, const Tensor& to) {
  std::vector<Axis> axes;
  for (int i = 0; i < to.shape.rank; ++i)
    if (to.shape.dim[i] != 1) axes.push_back({to.shape.dim[i], from.stride[i], to.stride[i]});
  std::stable_sort(axes.begin(), axes.end(), [](const Axis& a, const Axis& b) { return a.to > b.to; });
  std::vector<Axis> merged;
  for (const Axis& axis : axes) {
    if (!merged.empty() && merged.back().from == axis.from * axis.count && merged.back().to == axis.to * axis.count)
      merged.back() = {merged.back().count * axis.count, axis.from, axis.to};
    else
      merged.push_back(axis);
  }
  return merged;
}

class Copy final : public Step {
 public:
  Copy(const Tensor& from, const Tensor& to) : from_(from), to_(to), axes_(merged_axes(from, to)) {
    item_ = item_size(to.type.dtype);
    if (!axes_.empty() && axes_.back().from == item_ && axes_.back().to == item_) {
      item_ *= axes_.back().count;  // whole runs of bytes
      axes_.pop_back();
    }
    empty_ = to.shape.elements() == 0;
  }

  void run(int thread, int threads) noexcept override {
    if (empty_) return;
    if (axes_.empty()) {
      const Range bytes = share(item_, thread, threads);
      std::memcpy(to_.data + bytes.first, from_.data + bytes.first, bytes.last - bytes.first);
      return;
    }
    const Range range = share(axes_[0].count, thread, threads);
    for (int64_t i = range.first; i < range.last; ++i)
      walk(1, from_.data + i * axes_[0].from, to_.data + i * axes_[0].to);
  }

 private:
  void walk(size_t depth, const uint8_t* from, uint8_t* to) const noexcept {
    if (depth == axes_.size()) {
      std::memcpy(to, from, item_);
      return;
    }
    const Axis& axis = axes_[depth];
    if (depth + 1 < axes_.size()) {
      for (int64_t i = 0; i < axis.count; ++i) walk(depth + 1, from + i * axis.from, to + i * axis.to);
      return;
    }
    switch (item_) {
      case 1:
        return row<1>(axis, from, to);
      case 4:
        return row<4>(axis, from, to);
      case 8:
        return row<8>(axis, from, to);
      default:
        for (int64_t i = 0; i < axis.count; ++i) std::memcpy(to + i * axis.to, from + i * axis.from, item_);
    }
  }

  template <int kItem>
  static void row(const Axis& axis, const uint8_t* from, uint8_t* to) noexcept {
    for (int64_t i = 0; i < axis.count; ++i) std::memcpy(to + i * axis.to, from + i * axis.from, kItem);
  }

  const Tensor& from_;
  const Tensor& to_;
  std::vector<Axis> axes_;
  int64_t item_;
  bool empty_;
};

}  // namespace

std::unique_ptr<Step> make_copy(const Tensor& from, const Tensor& to) { return std::make_unique<Copy>(from, to); }

bool view_strides(const Tensor& tensor, const Shape& shape, int64_t* stride) {
  // Walk both shapes from the back. `run` is how many elements of the current block of input axes (axes that lie one in
  // another without gaps) the output axes have used up.
  int in = tensor.shape.rank - 1;
  int64_t block = 1, run = 1, base = item_size(tensor.type.dtype);
  const auto next_block = [&] {
    while (in >= 0 && tensor.shape.dim[in] == 1) --in;
    if (in < 0) return false;
    base = tensor.stride[in];
    block = tensor.shape.dim[in--];
    run = 1;
    for (; in >= 0; --in) {
      if (tensor.shape.dim[in] == 1) continue;
      if (tensor.stride[in] != base * block) break;
      block *= tensor.shape.dim[in];
    }
    return true;
  };
  for (int out = shape.rank - 1; out >= 0; --out) {
    const int64_t count = shape.dim[out];
    if (count == 1) {
      stride[out] = base * run;
      continue;
    }
    if (run == block && !next_block()) return false;
    if (block % (run * count) != 0) return false;
    stride[out] = base * run;
    run *= count;
  }
  return true;
}

}  // namespace octavo
