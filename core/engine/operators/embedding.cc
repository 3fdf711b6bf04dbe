// embedding: the rows of a table that ids name.
#include <algorithm>

#include "engine/operators/elementwise.h"
#include "engine/operators/embedding_table.h"
#include "engine/operators/registry.h"
#include "engine/operators/rows.h"

namespace octavo {
namespace {

class EmbeddingStep final : public Step {
 public:
  EmbeddingStep(const Table& table, const Tensor& ids, const Tensor& y)
      : table_(table), ids_(ids), y_(y), from_(ids, ids.shape.rank), to_(y, ids.shape.rank) {}

  void run(int thread, int threads) noexcept override {
    const Range range = share(from_.count(), thread, threads);
    for (int64_t i = range.first; i < range.last; ++i) {
      const int64_t id = *reinterpret_cast<const int64_t*>(ids_.data + from_.offset(i));
      float* y = reinterpret_cast<float*>(y_.data + to_.offset(i));
      if (table_.holds(id)) {
        table_.read(id, y);
      } else {
        std::fill_n(y, table_.dim(), 0.0f);
        wrong_.report(i, id);
      }
    }
  }

  std::exception_ptr take_error() override {
    const auto wrong = wrong_.take();
    return wrong ? table_.error(*wrong, ids_.shape) : nullptr;
  }

 private:
  const Table& table_;
  const Tensor &ids_, &y_;
  Rows from_, to_;
  FirstMistake wrong_;
};

class Embedding final : public Operator {
 public:
  explicit Embedding(const OperatorSpec& spec) : name_(spec.name), table_(spec) {
    require_values(spec, 1);
    require_dtype(spec, spec.inputs[0], spec.inputs[0].dtype == DType::s64, "int64");
    require_dtype(spec, spec.outputs[0], spec.outputs[0].dtype == DType::f32, "float32");
  }
  void check(std::span<const Shape> in, std::span<const Shape> out) const override {
    Shape y = in[0];
    if (y.rank < 1 || y.rank >= kMaxRank)
      shape_error(name_, "the ids' shape is " + to_text(y) + ", expected 1 to 5 axes");
    y.dim[y.rank++] = table_.dim();
    require_same(name_, y, out[0]);
  }
  InputNeed input_need(int, std::span<const Shape>) const override { return {Order::row_major, {}}; }
  Order output_order() const override { return Order::row_major; }
  bool aligned() const override { return false; }
  std::unique_ptr<Step> bind(std::span<const Tensor> in, std::span<const Tensor> out) const override {
    return std::make_unique<EmbeddingStep>(table_, in[0], out[0]);
  }

 private:
  std::string name_;
  Table table_;
};

}  // namespace

std::unique_ptr<Operator> make_embedding(const OperatorSpec& spec) { return std::make_unique<Embedding>(spec); }

}  // namespace octavo
