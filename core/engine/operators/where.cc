// where: one of two float32 tensors, element by element, with NumPy's broadcasting.
#include "engine/operators/elementwise.h"
#include "engine/operators/registry.h"
#include "kernels/float_binary/float_binary.h"

namespace octavo {
namespace {

class Where final : public Operator {
 public:
  explicit Where(const OperatorSpec& spec) : name_(spec.name), where_(kFloatBinaryKernels[spec.isa]->where) {
    require_values(spec, 3);
    for (const ValueType& type : {spec.inputs[0], spec.inputs[1], spec.inputs[2], spec.outputs[0]})
      require_dtype(spec, type, type.dtype == DType::f32, "float32");
  }
  void check(std::span<const Shape> in, std::span<const Shape> out) const override {
    require_broadcast(name_, in, out[0]);
  }
  bool in_place(int) const override { return true; }
  std::unique_ptr<Step> bind(std::span<const Tensor> in, std::span<const Tensor> out) const override {
    return make_elementwise_step(Loops(out[0], {&in[0], &in[1], &in[2]}), where_);
  }

 private:
  std::string name_;
  void (*where_)(const Block&);
};

}  // namespace

std::unique_ptr<Operator> make_where(const OperatorSpec& spec) { return std::make_unique<Where>(spec); }

}  // namespace octavo
