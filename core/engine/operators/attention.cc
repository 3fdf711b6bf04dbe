// dynamic_attention and attention: heads lie side by side in the last axis of q, k, v and y.
#include <string>

#include "engine/operators/attention_step.h"
#include "engine/operators/elementwise.h"
#include "engine/operators/registry.h"
#include "kernels/quantize/quantize.h"

namespace octavo {
namespace {

int64_t count_of(const OperatorSpec& spec, const std::string& key) {
  const int64_t count = spec.int_of(key);
  if (count < 1) spec.fail("attribute '" + key + "' is " + std::to_string(count) + ", expected at least 1");
  return count;
}

// q, k, v, then perhaps a mask.
void require_types(const OperatorSpec& spec, bool is_static) {
  const size_t inputs = spec.inputs.size();
  if (inputs != 3 && inputs != 4) spec.fail("has " + std::to_string(inputs) + " inputs, expected 3, or 4 with a mask");
  require_values(spec, inputs);
  const auto require = [&](const ValueType& type, bool quantized) {
    require_dtype(spec, type, quantized ? is_quantized(type.dtype) : type.dtype == DType::f32,
                  quantized ? "uint8 or int8" : "float32");
  };
  for (size_t i = 0; i < inputs; ++i) require(spec.inputs[i], is_static && i < 3);
  require(spec.outputs[0], is_static);
}

AttentionLayer make_layer(const OperatorSpec& spec, bool is_static) {
  require_types(spec, is_static);
  const Isa isa = spec.isa;
  AttentionLayer layer{.kernels = ProductKernels(spec.isa),
                       .weigh = kAttentionKernels[isa],
                       .quantize = kQuantizeKernels[isa]->quantize,
                       .heads = count_of(spec, "heads"),
                       .kv_heads = count_of(spec, "kv_heads"),
                       .causal = spec.int_of("causal") != 0,
                       .q = spec.inputs[0],
                       .k = spec.inputs[1],
                       .v = spec.inputs[2],
                       .y = {}};
  if (layer.heads % layer.kv_heads != 0)
    spec.fail("heads=" + std::to_string(layer.heads) +
              " do not divide into kv_heads=" + std::to_string(layer.kv_heads));
  const float scale = spec.float_of("scale");
  if (!(scale > 0)) spec.fail("attribute 'scale' is " + std::to_string(scale) + ", expected a number above 0");
  layer.key_factor = scale;
  if (is_static) {
    const double product = static_cast<double>(layer.q.scale) * layer.k.scale;
    layer.key_factor = scale_ratio(product, scale, 1.0);
    layer.value_factor = scale_ratio(layer.v.scale, 1.0, spec.outputs[0].scale);
    layer.y = requantize_of(spec, spec.outputs[0]);
  }
  return layer;
}

class Attention final : public Operator {
 public:
  Attention(const OperatorSpec& spec, bool is_static)
      : name_(spec.name),
        layer_(make_layer(spec, is_static)),
        deepest_(is_static ? kMaxStaticDepth : kMaxDynamicDepth) {}

  void check(std::span<const Shape> in, std::span<const Shape> out) const override {
    const Shape &q = in[0], &k = in[1], &v = in[2];
    const int64_t heads = layer_.heads, kv_heads = layer_.kv_heads;
    if (q.rank != 3 || k.rank != 3 || v.rank != 3 || q.dim[2] % heads != 0 || v.dim[2] % kv_heads != 0)
      fail("q's shape is " + to_text(q) + ", k's " + to_text(k) + " and v's " + to_text(v) +
           ", expected [n, tokens, heads * size]");
    const int64_t n = q.dim[0], t = q.dim[1], s = k.dim[1], d = q.dim[2] / heads, e = v.dim[2] / kv_heads;
    require_shape("k", k, {3, {n, s, kv_heads * d}});
    require_shape("v", v, {3, {n, s, kv_heads * e}});
    require_shape("y", out[0], {3, {n, t, heads * e}});
    if (d > deepest_ || s > deepest_)
      fail("heads of " + std::to_string(d) + " elements and " + std::to_string(s) + " keys; " +
           std::to_string(deepest_) + " is the most of either");
    if (in.size() > 3) check_mask(in[3], {4, {n, heads, t, s}});
  }

  InputNeed input_need(int, std::span<const Shape>) const override { return {Order::row_major, {}}; }
  Order output_order() const override { return Order::row_major; }
  int64_t scratch_bytes(std::span<const Shape> in) const override { return AttentionPlan(layer_, in).bytes; }

  std::unique_ptr<Step> bind(std::span<const Tensor> in, std::span<const Tensor> out) const override {
    return std::make_unique<AttentionStep>(layer_, in, out);
  }

 private:
  [[noreturn]] void fail(const std::string& what) const { shape_error(name_, what); }

  void require_shape(const char* what, const Shape& shape, const Shape& expected) const {
    if (!(shape == expected))
      fail(std::string(what) + "'s shape is " + to_text(shape) + ", expected " + to_text(expected));
  }

  void check_mask(const Shape& mask, const Shape& full) const {
    bool fits = mask.rank == 4 && mask.dim[3] == full.dim[3];
    for (int axis = 0; fits && axis < 3; ++axis) fits = mask.dim[axis] == 1 || mask.dim[axis] == full.dim[axis];
    if (!fits)
      fail("the mask's shape is " + to_text(mask) + ", expected " + to_text(full) + ", or 1 in the first three");
  }

  std::string name_;
  AttentionLayer layer_;
  int64_t deepest_;
};

}  // namespace

std::unique_ptr<Operator> make_dynamic_attention(const OperatorSpec& spec) {
  return std::make_unique<Attention>(spec, false);
}
std::unique_ptr<Operator> make_attention(const OperatorSpec& spec) { return std::make_unique<Attention>(spec, true); }

}  // namespace octavo
