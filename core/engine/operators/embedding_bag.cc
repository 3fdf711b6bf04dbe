// embedding_bag: the sum, mean or maximum of the rows that each bag of ids names.
#include <optional>
#include <stdexcept>

#include "engine/operators/elementwise.h"
#include "engine/operators/embedding_table.h"
#include "engine/operators/registry.h"

namespace octavo {
namespace {

// A bag is a row of ids [n, l], or ids[offsets[i] .. offsets[i + 1]) of ids [l].
struct Bags {
  const Tensor* ids = nullptr;
  const Tensor* offsets = nullptr;  // null for rows
  const Tensor* weights = nullptr;  // null but for weighted_sum
};

class EmbeddingBagStep final : public Step {
 public:
  EmbeddingBagStep(const Table& table, BagMode mode, const std::string& where, const Bags& bags, const Tensor& y)
      : table_(table), mode_(mode), where_(where), bags_(bags), y_(y) {}

  void run(int thread, int threads) noexcept override {
    const Range range = share(y_.shape.dim[0], thread, threads);
    for (int64_t i = range.first; i < range.last; ++i) {
      const std::optional<Range> positions = bag_of(i);
      const IdBag bag = positions && ids_are_there(*positions) ? at(*positions) : IdBag{};
      table_.combine(bag, mode_, reinterpret_cast<float*>(y_.data + i * y_.stride[0]));
    }
  }

  std::exception_ptr take_error() override {
    const auto offset = wrong_offset_.take();
    const auto id = wrong_id_.take();
    if (offset)
      return std::make_exception_ptr(std::invalid_argument(
          where_ + "offsets[" + std::to_string(offset->position) + "] is " + std::to_string(offset->value) +
          ", expected offsets that begin with 0, never fall and are at most " +
          std::to_string(bags_.ids->shape.dim[0]) + ", the number of ids"));
    return id ? table_.error(*id, bags_.ids->shape) : nullptr;
  }

 private:
  int64_t offset(int64_t i) const {
    return *reinterpret_cast<const int64_t*>(bags_.offsets->data + i * bags_.offsets->stride[0]);
  }

  // The positions of a bag's ids among all in row-major order, or nothing where its offsets are wrong.
  std::optional<Range> bag_of(int64_t i) noexcept {
    if (bags_.offsets == nullptr) return Range{i * bags_.ids->shape.dim[1], (i + 1) * bags_.ids->shape.dim[1]};
    const int64_t count = bags_.ids->shape.dim[0];
    const bool is_last = i + 1 == y_.shape.dim[0];
    const Range bag = {offset(i), is_last ? count : offset(i + 1)};
    const bool starts = i > 0 || bag.first == 0, ends = bag.first <= bag.last && bag.last <= count;
    if (!starts) wrong_offset_.report(0, bag.first);
    if (!ends && !is_last) wrong_offset_.report(i + 1, bag.last);
    if (!starts || !ends || bag.first < 0) return {};
    return bag;
  }

  // The ids of a bag lie side by side: in a row of [n, l], or anywhere in [l].
  IdBag at(const Range& positions) const noexcept {
    const int axis = bags_.ids->shape.rank - 1;
    const auto address = [&](const Tensor& tensor) {
      if (axis == 0) return tensor.data + positions.first * tensor.stride[0];
      return tensor.data + positions.first / tensor.shape.dim[1] * tensor.stride[0];
    };
    IdBag bag = {
        .ids = address(*bags_.ids), .stride = bags_.ids->stride[axis], .count = positions.last - positions.first};
    if (bags_.weights == nullptr) return bag;
    bag.weights = address(*bags_.weights);
    bag.weight_stride = bags_.weights->stride[axis];
    return bag;
  }

  bool ids_are_there(const Range& positions) noexcept {
    const IdBag bag = at(positions);
    for (int64_t k = 0; k < bag.count; ++k) {
      const int64_t id = *reinterpret_cast<const int64_t*>(bag.ids + k * bag.stride);
      if (table_.holds(id)) continue;
      wrong_id_.report(positions.first + k, id);
      return false;
    }
    return true;
  }

  const Table& table_;
  BagMode mode_;
  const std::string& where_;
  Bags bags_;
  const Tensor& y_;
  FirstMistake wrong_offset_, wrong_id_;
};

BagMode mode_of(const OperatorSpec& spec) {
  return spec.choice_of<BagMode>("mode", {{"sum", BagMode::sum},
                                          {"mean", BagMode::mean},
                                          {"max", BagMode::maximum},
                                          {"weighted_sum", BagMode::weighted_sum}});
}

class EmbeddingBag final : public Operator {
 public:
  explicit EmbeddingBag(const OperatorSpec& spec)
      : name_(spec.name), where_("operator '" + spec.name + "' (embedding_bag): "), table_(spec), mode_(mode_of(spec)) {
    const size_t weights = mode_ == BagMode::weighted_sum ? 1 : 0;
    has_offsets_ = spec.inputs.size() == 2 + weights;
    require_values(spec, (has_offsets_ ? 2 : 1) + weights);
    for (size_t i = 0; i + weights < spec.inputs.size(); ++i)
      require_dtype(spec, spec.inputs[i], spec.inputs[i].dtype == DType::s64, "int64");
    if (weights > 0) require_dtype(spec, spec.inputs.back(), spec.inputs.back().dtype == DType::f32, "float32");
    require_dtype(spec, spec.outputs[0], spec.outputs[0].dtype == DType::f32, "float32");
  }

  void check(std::span<const Shape> in, std::span<const Shape> out) const override {
    const Shape& ids = in[0];
    if (ids.rank != (has_offsets_ ? 1 : 2) || (has_offsets_ && in[1].rank != 1))
      shape_error(name_, "the ids' shape is " + to_text(ids) + ", expected [n, l], or [l] and offsets [n]");
    if (mode_ == BagMode::weighted_sum && !(in.back() == ids))
      shape_error(name_, "the weights' shape is " + to_text(in.back()) + ", expected the ids', " + to_text(ids));
    Shape y;
    y.rank = 2;
    y.dim[0] = has_offsets_ ? in[1].dim[0] : ids.dim[0];
    y.dim[1] = table_.dim();
    require_same(name_, y, out[0]);
  }
  InputNeed input_need(int, std::span<const Shape>) const override { return {Order::row_major, {}}; }
  Order output_order() const override { return Order::row_major; }
  bool aligned() const override { return false; }
  std::unique_ptr<Step> bind(std::span<const Tensor> in, std::span<const Tensor> out) const override {
    const Bags bags = {.ids = &in[0],
                       .offsets = has_offsets_ ? &in[1] : nullptr,
                       .weights = mode_ == BagMode::weighted_sum ? &in.back() : nullptr};
    return std::make_unique<EmbeddingBagStep>(table_, mode_, where_, bags, out[0]);
  }

 private:
  std::string name_, where_;
  Table table_;
  BagMode mode_;
  bool has_offsets_ = false;
};

}  // namespace

std::unique_ptr<Operator> make_embedding_bag(const OperatorSpec& spec) { return std::make_unique<EmbeddingBag>(spec); }

}  // namespace octavo
