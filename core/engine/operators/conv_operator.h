// What all 8-bit convolutions say to the planner, however they are computed.
#pragma once

#include <string>

#include "engine/operators/conv_window.h"
#include "engine/operators/elementwise.h"

namespace octavo {

class ConvOperator : public Operator {
 public:
  explicit ConvOperator(const OperatorSpec& spec)
      : name_(spec.name), inputs_(spec.inputs.size()), window_(spec, spec.constant("weight", DType::s8).shape) {}

  void check(std::span<const Shape> inputs, std::span<const Shape> outputs) const override {
    if (inputs.size() != inputs_ || outputs.size() != 1) shape_error(name_, "the number of inputs or outputs is wrong");
    const Shape y = window_.output(inputs[0], name_);
    if (outputs[0] != y)
      shape_error(name_, "the output's shape is " + to_text(outputs[0]) + ", expected " + to_text(y));
    if (inputs_ == 2 && inputs[1] != y) shape_error(name_, "the residual's shape is not the output's");
  }

  InputNeed input_need(int input, std::span<const Shape> /*inputs*/) const override {
    return {Order::channels_last, input == 0 ? window_.halo() : Halo{}};
  }

  Order output_order() const override { return Order::channels_last; }

  bool in_place(int input) const override { return input == 1; }

 protected:
  std::string name_;
  size_t inputs_;
  ConvWindow window_;
};

}  // namespace octavo
