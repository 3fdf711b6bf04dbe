// table: any function of one 8-bit value.
#include "kernels/table/table.h"

#include "engine/operators/elementwise.h"
#include "engine/operators/registry.h"

namespace octavo {
namespace {

class Table final : public Operator {
 public:
  explicit Table(const OperatorSpec& spec) : name_(spec.name), kernel_(kTableKernels[spec.isa]) {
    require_values(spec, 1);
    const ValueType &x = spec.inputs[0], &y = spec.outputs[0];
    require_dtype(spec, x, is_quantized(x.dtype), "uint8 or int8");
    require_dtype(spec, y, is_quantized(y.dtype), "uint8 or int8");
    const Array& table = spec.constant("table", y.dtype);
    if (table.shape.elements() != 256)
      spec.fail("constant 'table' has shape " + to_text(table.shape) + ", expected [256]");
    // Indexed by the raw byte instead of by x - quant_min.
    for (uint32_t byte = 0; byte < 256; ++byte) table_[byte] = table.as<uint8_t>()[byte ^ levels_of(x).flip];
  }
  void check(std::span<const Shape> in, std::span<const Shape> out) const override {
    require_same(name_, in[0], out[0]);
  }
  bool in_place(int) const override { return true; }
  std::unique_ptr<Step> bind(std::span<const Tensor> in, std::span<const Tensor> out) const override {
    return make_elementwise_step(Loops(out[0], {&in[0]}), [kernel = kernel_, table = table_](const Block& block) {
      kernel(table.data(), block);
    });
  }

 private:
  std::string name_;
  TableKernel kernel_;
  std::array<uint8_t, 256> table_;
};

}  // namespace

std::unique_ptr<Operator> make_table(const OperatorSpec& spec) { return std::make_unique<Table>(spec); }

}  // namespace octavo
