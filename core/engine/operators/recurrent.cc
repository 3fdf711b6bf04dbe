// lstm, gru and rnn: one layer in one direction with int8 weights.
#include <string>

#include "engine/operators/elementwise.h"
#include "engine/operators/recurrent_step.h"
#include "engine/operators/registry.h"

namespace octavo {
namespace {

class Recurrent final : public Operator {
 public:
  Recurrent(const OperatorSpec& spec, RecurrentLayer layer) : name_(spec.name), layer_(std::move(layer)) {}

  void check(std::span<const Shape> in, std::span<const Shape> out) const override {
    const Shape& x = in[0];
    const int64_t width = layer_.takes_product ? layer_.gates * layer_.hidden : layer_.input.k;
    if (x.rank != 3 || x.dim[2] != width)
      shape_error(name_, "x's shape is " + to_text(x) + ", expected [t, n, " + std::to_string(width) + "]");
    expect("y", out[0], {3, {x.dim[0], x.dim[1], layer_.out}});
    const Shape states[] = {{2, {x.dim[1], layer_.out}}, {2, {x.dim[1], layer_.hidden}}};
    for (int64_t s = 0; s < layer_.states; ++s) {
      expect("a state", out[static_cast<size_t>(1 + s)], states[s]);
      if (layer_.has_states) expect("a state", in[static_cast<size_t>(1 + s)], states[s]);
    }
    if (layer_.has_lengths) expect("lengths", in.back(), {1, {x.dim[1]}});
  }

  InputNeed input_need(int, std::span<const Shape>) const override { return {Order::row_major, {}}; }
  Order output_order() const override { return Order::row_major; }
  int64_t scratch_bytes(std::span<const Shape> in) const override { return RecurrentScratch(layer_, in[0]).bytes; }

  std::unique_ptr<Step> bind(std::span<const Tensor> in, std::span<const Tensor> out) const override {
    return std::make_unique<RecurrentStep>(layer_, in, out);
  }

 private:
  void expect(const char* what, const Shape& got, const Shape& expected) const {
    if (!(got == expected))
      shape_error(name_, std::string(what) + "'s shape is " + to_text(got) + ", expected " + to_text(expected));
  }

  std::string name_;
  RecurrentLayer layer_;
};

const RecurrentKernels& kernels_of(const OperatorSpec& spec) { return *kRecurrentKernels[spec.isa]; }

std::unique_ptr<Operator> make(const OperatorSpec& spec, int64_t gates, int64_t states, const GateKernels& kernels) {
  return std::make_unique<Recurrent>(spec, make_recurrent_layer(spec, gates, states, kernels));
}

}  // namespace

std::unique_ptr<Operator> make_lstm(const OperatorSpec& spec) { return make(spec, 4, 2, kernels_of(spec).lstm); }

std::unique_ptr<Operator> make_gru(const OperatorSpec& spec) { return make(spec, 3, 1, kernels_of(spec).gru); }

std::unique_ptr<Operator> make_rnn(const OperatorSpec& spec) {
  const bool relu = spec.choice_of<bool>("nonlinearity", {{"tanh", false}, {"relu", true}});
  return make(spec, 1, 1, relu ? kernels_of(spec).rnn_relu : kernels_of(spec).rnn_tanh);
}

}  // namespace octavo
