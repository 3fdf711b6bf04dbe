// pad: real zeros around a value, on any axis.
#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <vector>

#include "engine/operators/registry.h"

namespace octavo {
namespace {

// A box of the output, its axes from the outermost in memory to the innermost, with the elements of x that go there
// (null: zeros).
struct Box {
  struct Axis {
    int64_t count, x, y;  // x, y: strides in bytes
  };
  std::vector<Axis> axes;
  int64_t y_offset = 0;
  bool from_x = false;
};

class PadStep final : public Step {
 public:
  PadStep(const std::vector<int64_t>& padding, const Tensor& x, const Tensor& y)
      : x_(x),
        y_(y),
        item_(item_size(y.type.dtype)),
        zero_(is_quantized(y.type.dtype) ? static_cast<uint8_t>(y.type.zero_point) : 0) {
    Shape first;  // where the current box begins and how far it reaches
    Shape count = y.shape;
    for (int axis = 0; axis < y.shape.rank; ++axis) {
      const int64_t before = padding[2 * axis], after = padding[2 * axis + 1];
      count.dim[axis] = before;
      add_box(first, count, false);
      first.dim[axis] = before + x.shape.dim[axis];
      count.dim[axis] = after;
      add_box(first, count, false);
      first.dim[axis] = before;
      count.dim[axis] = x.shape.dim[axis];
    }
    add_box(first, count, true);
  }

  // Threads share the outermost axis of every box.
  void run(int thread, int threads) noexcept override {
    for (const Box& box : boxes_) {
      const Box::Axis& outer = box.axes[0];
      const Range mine = share(outer.count, thread, threads);
      if (mine.first == mine.last) continue;
      const uint8_t* x = box.from_x ? x_.data + mine.first * outer.x : nullptr;
      walk(box, 0, mine.last - mine.first, x, y_.data + box.y_offset + mine.first * outer.y);
    }
  }

 private:
  void add_box(const Shape& first, const Shape& count, bool from_x) {
    if (count.elements() == 0) return;
    Box box;
    box.from_x = from_x;
    for (int axis = 0; axis < count.rank; ++axis) {
      box.y_offset += first.dim[axis] * y_.stride[axis];
      if (count.dim[axis] > 1) box.axes.push_back({count.dim[axis], x_.stride[axis], y_.stride[axis]});
    }
    if (box.axes.empty()) box.axes.push_back({1, item_, item_});
    std::stable_sort(box.axes.begin(), box.axes.end(), [](const auto& a, const auto& b) { return a.y > b.y; });
    boxes_.push_back(std::move(box));
  }

  // `count` steps along axis `depth` of the box and everything within them.
  void walk(const Box& box, size_t depth, int64_t count, const uint8_t* x, uint8_t* y) const noexcept {
    const Box::Axis& axis = box.axes[depth];
    if (depth + 1 == box.axes.size()) return row(axis, count, x, y);
    for (int64_t i = 0; i < count; ++i)
      walk(box, depth + 1, box.axes[depth + 1].count, x ? x + i * axis.x : nullptr, y + i * axis.y);
  }

  void row(const Box::Axis& axis, int64_t count, const uint8_t* x, uint8_t* y) const noexcept {
    if (axis.y == item_ && !x) {
      std::memset(y, zero_, count * item_);
    } else if (axis.y == item_ && axis.x == item_) {
      std::memcpy(y, x, count * item_);
    } else {
      for (int64_t i = 0; i < count; ++i) {
        if (x)
          std::memcpy(y + i * axis.y, x + i * axis.x, item_);
        else
          std::memset(y + i * axis.y, zero_, item_);
      }
    }
  }

  const Tensor& x_;
  const Tensor& y_;
  int64_t item_;
  uint8_t zero_;
  std::vector<Box> boxes_;
};

class Pad final : public Operator {
 public:
  explicit Pad(const OperatorSpec& spec) : name_(spec.name), padding_(spec.ints_of("padding")) {
    if (spec.inputs.size() != 1 || spec.outputs.size() != 1) spec.fail("it has one input and one output");
    if (spec.inputs[0].dtype != spec.outputs[0].dtype) spec.fail("the output's dtype must be the input's");
    if (padding_.size() % 2 != 0 || padding_.size() > 2 * kMaxRank)
      spec.fail("attribute 'padding' must have two entries for each axis");
    for (const int64_t amount : padding_)
      if (amount < 0 || amount > kMostPadding)
        spec.fail("attribute 'padding' has the entry " + std::to_string(amount) + ", expected 0 to " +
                  std::to_string(kMostPadding));
  }

  void check(std::span<const Shape> inputs, std::span<const Shape> outputs) const override {
    if (inputs.size() != 1 || outputs.size() != 1) fail("it has one input and one output");
    Shape padded = inputs[0];
    if (padding_.size() != 2 * static_cast<size_t>(padded.rank)) fail("'padding' must have two entries for each axis");
    for (int axis = 0; axis < padded.rank; ++axis) padded.dim[axis] += padding_[2 * axis] + padding_[2 * axis + 1];
    if (!(outputs[0] == padded)) fail("the output's shape is not that of the padded input");
  }

  std::unique_ptr<Step> bind(std::span<const Tensor> inputs, std::span<const Tensor> outputs) const override {
    return std::make_unique<PadStep>(padding_, inputs[0], outputs[0]);
  }

 private:
  static constexpr int64_t kMostPadding = int64_t{1} << 31;

  [[noreturn]] void fail(const std::string& what) const {
    throw std::invalid_argument("operator '" + name_ + "' (pad): " + what);
  }

  std::string name_;
  std::vector<int64_t> padding_;
};

}  // namespace

std::unique_ptr<Operator> make_pad(const OperatorSpec& spec) { return std::make_unique<Pad>(spec); }

}  // namespace octavo
