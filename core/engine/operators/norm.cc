// layer_norm and group_norm: each row is normalized, then scaled and shifted.
#include "kernels/norm/norm.h"

#include <string>
#include <vector>

#include "engine/operators/elementwise.h"
#include "engine/operators/registry.h"
#include "engine/operators/rows.h"

namespace octavo {
namespace {

struct Parameters {
  std::vector<float> weight, bias;
};

class NormStep final : public Step {
 public:
  // x, y: the tensors, whose data is read anew at every run; as_x, as_y: the same with the axes of a row at the end.
  NormStep(NormKernel kernel, const NormRow& row, const Parameters& parameters, const Tensor& x, const Tensor& y,
           const Tensor& as_x, const Tensor& as_y, int outer)
      : kernel_(kernel), row_(row), parameters_(parameters), x_(x), y_(y), from_(as_x, outer), to_(as_y, outer) {
    for (int axis = outer; axis < as_x.shape.rank; ++axis)
      append(as_x.shape.dim[axis], as_x.stride[axis], as_y.stride[axis]);
    if (row_.axes == 0) row_.axis[row_.axes++] = {1, 4, 4};
  }

  void run(int thread, int threads) noexcept override {
    const Range range = share(from_.count(), thread, threads);
    const int64_t entries = row_.count / row_.shared;
    const int64_t sets = static_cast<int64_t>(parameters_.weight.size()) / entries;
    NormRows rows;
    for (int64_t r = range.first; r < range.last; ++r) {
      rows.x[rows.count] = x_.data + from_.offset(r);
      rows.y[rows.count++] = y_.data + to_.offset(r);
      if (sets == 1 && rows.count < NormRows::kMost && r + 1 < range.last) continue;
      const int64_t first = r % sets * entries;
      kernel_(row_, rows, parameters_.weight.data() + first, parameters_.bias.data() + first);
      rows.count = 0;
    }
  }

 private:
  void append(int64_t count, int64_t x, int64_t y) {
    row_.count *= count;
    if (count == 1) return;
    if (row_.axes > 0) {
      NormRow::Axis& last = row_.axis[row_.axes - 1];
      if (last.x == count * x && last.y == count * y) {
        last = {last.count * count, x, y};
        return;
      }
    }
    row_.axis[row_.axes++] = {count, x, y};
  }

  NormKernel kernel_;
  NormRow row_;
  const Parameters& parameters_;
  const Tensor &x_, &y_;
  Rows from_, to_;
};

class Norm : public Operator {
 public:
  explicit Norm(const OperatorSpec& spec) : name_(spec.name), kernel_(kNormKernels[spec.isa]) {
    require_values(spec, 1);
    for (const ValueType& type : {spec.inputs[0], spec.outputs[0]})
      require_dtype(spec, type, type.dtype == DType::f32, "float32");
    const Array &weight = spec.constant("weight", DType::f32), &bias = spec.constant("bias", DType::f32);
    if (weight.shape.rank != 1 || !(weight.shape == bias.shape))
      spec.fail("constants 'weight' and 'bias' have shapes " + to_text(weight.shape) + " and " + to_text(bias.shape) +
                ", expected one axis, equally long");
    parameters_.weight.assign(weight.as<float>(), weight.as<float>() + weight.shape.dim[0]);
    parameters_.bias.assign(bias.as<float>(), bias.as<float>() + bias.shape.dim[0]);
    row_.eps = spec.float_of("eps");
    if (!(row_.eps > 0)) spec.fail("attribute 'eps' is not above 0");
  }
  InputNeed input_need(int, std::span<const Shape>) const override { return {Order::row_major, {}}; }
  Order output_order() const override { return Order::row_major; }

 protected:
  int64_t entries() const { return static_cast<int64_t>(parameters_.weight.size()); }

  std::string name_;
  NormKernel kernel_;
  Parameters parameters_;
  NormRow row_;
};

class LayerNorm final : public Norm {
 public:
  explicit LayerNorm(const OperatorSpec& spec) : Norm(spec), axes_(spec.int_of("axes")) {}
  void check(std::span<const Shape> in, std::span<const Shape> out) const override {
    require_same(name_, in[0], out[0]);
    int64_t count = 1;
    for (int64_t i = 0; i < axes_ && i < in[0].rank; ++i) count *= in[0].dim[in[0].rank - 1 - i];
    if (axes_ < 1 || axes_ > in[0].rank || count != entries())
      shape_error(name_, "the last " + std::to_string(axes_) + " axes of " + to_text(in[0]) + " do not hold " +
                             std::to_string(entries()) + " elements, one for each weight");
  }
  std::unique_ptr<Step> bind(std::span<const Tensor> in, std::span<const Tensor> out) const override {
    const int outer = in[0].shape.rank - static_cast<int>(axes_);
    return std::make_unique<NormStep>(kernel_, row_, parameters_, in[0], out[0], in[0], out[0], outer);
  }

 private:
  int64_t axes_;
};

class GroupNorm final : public Norm {
 public:
  explicit GroupNorm(const OperatorSpec& spec) : Norm(spec), groups_(spec.int_of("groups")) {}
  void check(std::span<const Shape> in, std::span<const Shape> out) const override {
    require_same(name_, in[0], out[0]);
    if (in[0].rank < 2 || in[0].rank >= kMaxRank || in[0].dim[1] != entries() || groups_ < 1 ||
        entries() % groups_ != 0)
      shape_error(name_, "the shape is " + to_text(in[0]) + ", expected [n, c, ...] of 2 to 5 axes with " +
                             std::to_string(entries()) + " channels in " + std::to_string(groups_) + " equal groups");
  }
  std::unique_ptr<Step> bind(std::span<const Tensor> in, std::span<const Tensor> out) const override {
    NormRow row = row_;
    for (int axis = 2; axis < in[0].shape.rank; ++axis) row.shared *= in[0].shape.dim[axis];
    return std::make_unique<NormStep>(kernel_, row, parameters_, in[0], out[0], split(in[0]), split(out[0]), 2);
  }

 private:
  // [n, c, ...] as [n, groups, c / groups, ...]
  Tensor split(const Tensor& tensor) const {
    Tensor result = tensor;
    ++result.shape.rank;
    for (int axis = tensor.shape.rank; axis > 1; --axis) {
      result.shape.dim[axis] = tensor.shape.dim[axis - 1];
      result.stride[axis] = tensor.stride[axis - 1];
    }
    result.shape.dim[1] = groups_;
    result.shape.dim[2] = tensor.shape.dim[1] / groups_;
    result.stride[1] = tensor.stride[1] * result.shape.dim[2];
    return result;
  }

  int64_t groups_;
};

}  // namespace

std::unique_ptr<Operator> make_layer_norm(const OperatorSpec& spec) { return std::make_unique<LayerNorm>(spec); }
std::unique_ptr<Operator> make_group_norm(const OperatorSpec& spec) { return std::make_unique<GroupNorm>(spec); }

}  // namespace octavo
