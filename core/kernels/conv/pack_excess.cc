#include "kernels/conv/pack_excess.h"

#include <algorithm>
#include <cstring>

#include "kernels/conv/excess.h"

namespace octavo {
namespace {

// What two weights have beyond what is safe: the first one of them has that much.
int beyond_safe(int8_t first, int8_t second) {
  const int sum = (first > 0) == (second > 0) ? first + second : 0;  // of one sign: else either alone is safe
  return sum > kSafeSum ? sum - kSafeSum : sum < -kSafeSum ? sum + kSafeSum : 0;
}

// Collects the list of one vector.
class ExcessList {
 public:
  ExcessList(int lanes, std::vector<int8_t>& out) : lanes_(lanes), out_(out), begin_(out.size()), sums_(4 * lanes) {
    append(&groups_, sizeof groups_);
  }

  // excess: [lanes][4].
  void add(int32_t word, const std::vector<int8_t>& excess) {
    if (used_ == kExcessGroup || !fits(excess)) finish_group();
    if (used_ == 0) {
      ++groups_;
      std::fill(sums_.begin(), sums_.end(), 0);
    }
    words_[used_++] = word;
    weights_.insert(weights_.end(), excess.begin(), excess.end());
    for (size_t i = 0; i < excess.size(); ++i) sums_[i / 2 * 2 + (excess[i] < 0)] += excess[i];
  }

  int32_t finish() {
    if (used_ > 0) finish_group();
    std::memcpy(out_.data() + begin_, &groups_, sizeof groups_);
    return groups_;
  }

 private:
  void append(const void* data, size_t bytes) {
    const auto* from = static_cast<const int8_t*>(data);
    out_.insert(out_.end(), from, from + bytes);
  }

  // Whether no 16-bit sum of the group saturates with one more word. sums_: of each pair of weights the positive ones,
  // then the negative ones.
  bool fits(const std::vector<int8_t>& excess) const {
    for (size_t i = 0; i < excess.size(); ++i) {
      const size_t pair = i / 2 * 2;
      const int up = std::max<int>(excess[pair], 0) + std::max<int>(excess[pair + 1], 0);
      const int down = std::min<int>(excess[pair], 0) + std::min<int>(excess[pair + 1], 0);
      if (sums_[pair] + up > kSafeSum || sums_[pair + 1] + down < -kSafeSum) return false;
    }
    return true;
  }

  void finish_group() {
    std::fill(words_ + used_, words_ + kExcessGroup, words_[used_ - 1]);
    weights_.resize(static_cast<size_t>(kExcessGroup * lanes_ * 4), 0);
    append(words_, sizeof words_);
    append(weights_.data(), weights_.size());
    weights_.clear();
    used_ = 0;
  }

  int lanes_;
  std::vector<int8_t>& out_;
  size_t begin_;
  std::vector<int> sums_;
  int32_t groups_ = 0;
  int used_ = 0;
  int32_t words_[kExcessGroup] = {};
  std::vector<int8_t> weights_;
};

}  // namespace

ConvExcess take_excess(std::span<int8_t> weight, int nr, int lanes) {
  ConvExcess result;
  const auto words = static_cast<int32_t>(weight.size() / (4 * static_cast<size_t>(nr)));
  std::vector<int8_t> excess(static_cast<size_t>(4 * lanes));
  for (int first = 0; first < nr; first += lanes) {
    ExcessList list(lanes, result.lists);
    for (int32_t word = 0; word < words; ++word) {
      int8_t* w = weight.data() + (static_cast<int64_t>(word) * nr + first) * 4;
      bool any = false;
      for (int i = 0; i < 4 * lanes; i += 2) {
        const int beyond = beyond_safe(w[i], w[i + 1]);
        excess[i] = static_cast<int8_t>(beyond);
        excess[i + 1] = 0;
        w[i] = static_cast<int8_t>(w[i] - beyond);
        any = any || beyond != 0;
      }
      if (any) list.add(word, excess);
    }
    const int32_t groups = list.finish();
    result.groups += groups;
    result.vectors += groups > 0 ? 1 : 0;
  }
  return result;
}

}  // namespace octavo
