// prelu: one slope, or one for each channel.
#include "kernels/prelu/prelu.h"

#include <string>
#include <vector>

#include "engine/operators/elementwise.h"
#include "engine/operators/registry.h"

namespace octavo {
namespace {

// The slopes as a tensor that broadcasts to x: [1], or [c, 1, ...].
Tensor as_tensor(std::vector<float>& slopes, int rank) {
  Tensor tensor;
  tensor.data = reinterpret_cast<uint8_t*>(slopes.data());
  tensor.shape.rank = slopes.size() == 1 ? 1 : rank - 1;
  for (int axis = 0; axis < tensor.shape.rank; ++axis) tensor.shape.dim[axis] = 1;
  tensor.shape.dim[0] = static_cast<int64_t>(slopes.size());
  tensor.stride[0] = item_size(DType::f32);
  return tensor;
}

class PReluStep final : public Step {
 public:
  PReluStep(PReluKernel kernel, std::vector<float> slopes, const Tensor& x, const Tensor& y)
      : kernel_(kernel),
        slopes_(std::move(slopes)),
        slope_(as_tensor(slopes_, x.shape.rank)),
        loops_(y, {&x, &slope_}) {}
  void run(int thread, int threads) noexcept override { loops_.visit(thread, threads, kernel_); }

 private:
  PReluKernel kernel_;
  std::vector<float> slopes_;
  Tensor slope_;
  Loops loops_;
};

class PRelu final : public Operator {
 public:
  explicit PRelu(const OperatorSpec& spec) : name_(spec.name), kernel_(kPReluKernels[spec.isa]) {
    require_values(spec, 1);
    for (const ValueType& type : {spec.inputs[0], spec.outputs[0]})
      require_dtype(spec, type, type.dtype == DType::f32, "float32");
    const Array& slope = spec.constant("slope", DType::f32);
    if (slope.shape.rank != 1) spec.fail("constant 'slope' has shape " + to_text(slope.shape) + ", expected one axis");
    slopes_.assign(slope.as<float>(), slope.as<float>() + slope.shape.dim[0]);
  }
  void check(std::span<const Shape> in, std::span<const Shape> out) const override {
    require_same(name_, in[0], out[0]);
    const int64_t count = static_cast<int64_t>(slopes_.size());
    if (count != 1 && (in[0].rank < 2 || in[0].dim[1] != count))
      shape_error(name_, "there are " + std::to_string(count) + " slopes, the shape is " + to_text(in[0]) +
                             ", expected one slope or one for each channel (axis 1)");
  }
  bool in_place(int) const override { return true; }
  std::unique_ptr<Step> bind(std::span<const Tensor> in, std::span<const Tensor> out) const override {
    return std::make_unique<PReluStep>(kernel_, slopes_, in[0], out[0]);
  }

 private:
  std::string name_;
  PReluKernel kernel_;
  std::vector<float> slopes_;
};

}  // namespace

std::unique_ptr<Operator> make_prelu(const OperatorSpec& spec) { return std::make_unique<PRelu>(spec); }

}  // namespace octavo
