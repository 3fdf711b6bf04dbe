// cumsum: the sums of the first elements along an axis, one after the other.
#include "engine/operators/elementwise.h"
#include "engine/operators/registry.h"
#include "engine/operators/rows.h"

namespace octavo {
namespace {

// The axes of a tensor but one.
Tensor without(const Tensor& tensor, int axis) {
  Tensor result = tensor;
  result.shape.rank = 0;
  for (int i = 0; i < tensor.shape.rank; ++i) {
    if (i == axis) continue;
    result.shape.dim[result.shape.rank] = tensor.shape.dim[i];
    result.stride[result.shape.rank++] = tensor.stride[i];
  }
  return result;
}

// Plain loops: what is counted are tokens. Integers wrap, as those of NumPy do.
template <class T>
class CumsumStep final : public Step {
 public:
  CumsumStep(const Tensor& x, const Tensor& y, int axis)
      : x_(x),
        y_(y),
        size_(x.shape.dim[axis]),
        x_step_(x.stride[axis]),
        y_step_(y.stride[axis]),
        from_(without(x, axis), x.shape.rank - 1),
        to_(without(y, axis), y.shape.rank - 1) {}

  void run(int thread, int threads) noexcept override {
    const Range range = share(from_.count(), thread, threads);
    for (int64_t row = range.first; row < range.last; ++row) {
      const uint8_t* x = x_.data + from_.offset(row);
      uint8_t* y = y_.data + to_.offset(row);
      T sum = 0;
      for (int64_t i = 0; i < size_; ++i) {
        sum += *reinterpret_cast<const T*>(x + i * x_step_);
        *reinterpret_cast<T*>(y + i * y_step_) = sum;
      }
    }
  }

 private:
  const Tensor &x_, &y_;
  int64_t size_, x_step_, y_step_;
  Rows from_, to_;
};

class Cumsum final : public Operator {
 public:
  explicit Cumsum(const OperatorSpec& spec)
      : name_(spec.name), axis_(spec.int_of("axis")), is_float_(spec.inputs.at(0).dtype == DType::f32) {
    require_values(spec, 1);
    const DType dtype = is_float_ ? DType::f32 : DType::s64;
    for (const ValueType& type : {spec.inputs[0], spec.outputs[0]})
      require_dtype(spec, type, type.dtype == dtype, is_float_ ? "float32" : "float32 or int64, as the input");
  }
  void check(std::span<const Shape> in, std::span<const Shape> out) const override {
    if (axis_ < 0 || axis_ >= in[0].rank)
      shape_error(name_, "axis is " + std::to_string(axis_) + ", the shape " + to_text(in[0]));
    require_same(name_, in[0], out[0]);
  }
  std::unique_ptr<Step> bind(std::span<const Tensor> in, std::span<const Tensor> out) const override {
    const int axis = static_cast<int>(axis_);
    if (is_float_) return std::make_unique<CumsumStep<float>>(in[0], out[0], axis);
    return std::make_unique<CumsumStep<uint64_t>>(in[0], out[0], axis);
  }

 private:
  std::string name_;
  int64_t axis_;
  bool is_float_;
};

}  // namespace

std::unique_ptr<Operator> make_cumsum(const OperatorSpec& spec) { return std::make_unique<Cumsum>(spec); }

}  // namespace octavo
