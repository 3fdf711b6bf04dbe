// Transposed convolution, 8-bit and float32: x[i] · weight[t] goes to y[i · stride + t · dilation - before].
//
// Outputs at the same place modulo the stride (a phase) see the same taps, at neighbouring elements of x. So each phase
// is an ordinary convolution of stride 1 with a part of the kernel, its taps in reverse, whose outputs lie `stride`
// apart: nothing is multiplied with zeros put between the elements of x.
#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>
#include <vector>

#include "engine/layout.h"
#include "engine/operators/conv_window.h"
#include "engine/operators/elementwise.h"
#include "engine/operators/registry.h"

namespace octavo {
namespace {

constexpr int64_t kMostPhases = 4096;

// One phase along one axis. Output q of the phase is the sum over `taps`, tap j at element q + first + j * dilation.
struct Phase {
  std::vector<int64_t> taps;
  int64_t first = 0, dilation = 1;

  Phase(const ConvAxis& axis, int64_t phase) {
    for (int64_t tap = axis.kernel - 1; tap >= 0; --tap) {
      const int64_t reach = phase + axis.before - tap * axis.dilation;
      if (reach % axis.stride != 0) continue;
      const int64_t element = reach / axis.stride;
      if (taps.empty()) first = element;
      if (taps.size() == 1) dilation = element - first;
      taps.push_back(tap);
    }
  }
  int64_t last() const { return first + dilation * (static_cast<int64_t>(taps.size()) - 1); }
};

int64_t outputs_of(int64_t size, int64_t phase, int64_t stride) { return (size - phase + stride - 1) / stride; }

// [ic, oc/groups, kernel] as [oc, ic/groups, kernel of the phase].
std::vector<uint8_t> weight_of(const Array& weight, int64_t groups, const ConvWindow& window,
                               const std::vector<Phase>& phases) {
  const int64_t item = item_size(weight.dtype), per_group = window.out_channels / groups;
  std::vector<uint8_t> part;
  for (int64_t o = 0; o < window.out_channels; ++o)
    for (int64_t i = 0; i < window.in_channels; ++i) {
      const int64_t row = (o / per_group * window.in_channels + i) * per_group + o % per_group;
      for (const int64_t d : phases[0].taps)
        for (const int64_t h : phases[1].taps)
          for (const int64_t w : phases[2].taps) {
            const int64_t tap = (d * window.axis[1].kernel + h) * window.axis[2].kernel + w;
            const uint8_t* from = weight.as<uint8_t>() + (row * window.taps() + tap) * item;
            part.insert(part.end(), from, from + item);
          }
    }
  return part;
}

// The window whose weight is [oc, ic/groups, kernel]: the constant's is [ic, oc/groups, kernel].
ConvWindow read_window(const OperatorSpec& spec) {
  if (spec.inputs.size() != 1 || spec.outputs.size() != 1) spec.fail("expected one input and one output");
  Shape weight = spec.constant("weight", spec.inputs[0].dtype == DType::f32 ? DType::f32 : DType::s8).shape;
  const int64_t groups = spec.int_of("groups");
  if (weight.rank < 3 || weight.elements() < 1 || groups < 1 || weight.dim[0] % groups != 0)
    spec.fail("got a weight of " + to_text(weight) + " and groups " + std::to_string(groups) +
              ", expected [ic, oc/groups, ...], none of them empty, and a divisor of ic");
  const int64_t in_channels = weight.dim[0] / groups;
  weight.dim[0] = weight.dim[1] * groups;
  weight.dim[1] = in_channels;
  return ConvWindow(spec, weight);
}

class ConvTranspose final : public Operator {
 public:
  explicit ConvTranspose(const OperatorSpec& spec)
      : name_(spec.name), window_(read_window(spec)), output_padding_(spec.ints_of("output_padding")) {
    const int lacking = kSpatialAxes - (window_.rank - 2);
    int64_t phases = 1;
    for (const ConvAxis& axis : window_.axis) phases = std::min(phases * axis.stride, kMostPhases + 1);
    if (phases > kMostPhases) spec.fail("the product of its strides is above " + std::to_string(kMostPhases));
    if (output_padding_.size() != static_cast<size_t>(window_.rank) - 2)
      spec.fail("attribute 'output_padding' must have an entry for each axis of the kernel");
    for (int i = lacking; i < kSpatialAxes; ++i) {
      const int64_t limit = std::max(window_.axis[i].stride, window_.axis[i].dilation);
      if (output_padding_[i - lacking] < 0 || output_padding_[i - lacking] >= limit)
        spec.fail("an entry of 'output_padding' is not less than the axis's stride or dilation");
    }
    for (int64_t d = 0; d < window_.axis[0].stride; ++d)
      for (int64_t h = 0; h < window_.axis[1].stride; ++h)
        for (int64_t w = 0; w < window_.axis[2].stride; ++w) add_part(spec, {d, h, w});
  }

  void check(std::span<const Shape> inputs, std::span<const Shape> outputs) const override {
    const Shape& x = inputs[0];
    if (x.rank != window_.rank || x.dim[1] != window_.in_channels * window_.groups)
      shape_error(name_, "the input's shape is " + to_text(x) + ", expected " + std::to_string(window_.rank) +
                             " axes and " + std::to_string(window_.in_channels * window_.groups) + " channels");
    const Shape y = output(x);
    if (outputs[0] != y)
      shape_error(name_, "the output's shape is " + to_text(outputs[0]) + ", expected " + to_text(y));
  }

  InputNeed input_need(int /*input*/, std::span<const Shape> inputs) const override {
    InputNeed need{Order::channels_last, {}};
    const Shape &x = inputs[0], y = output(x);
    for (int i = 0; i < kSpatialAxes; ++i)
      for (int64_t p = 0; p < std::min(window_.axis[i].stride, spatial_size(y, i)); ++p) {
        const Phase phase(window_.axis[i], p);
        if (phase.taps.empty()) continue;
        const int64_t last = outputs_of(spatial_size(y, i), p, window_.axis[i].stride) - 1 + phase.last();
        need.halo.before[i] = std::max(need.halo.before[i], -phase.first);
        need.halo.after[i] = std::max(need.halo.after[i], last - spatial_size(x, i) + 1);
      }
    return need;
  }

  Order output_order() const override { return Order::channels_last; }

  std::span<const Part> parts() const override { return parts_; }

  std::unique_ptr<Step> bind(std::span<const Tensor>, std::span<const Tensor>) const override {
    throw std::logic_error("conv_transpose is done by its parts");
  }

 private:
  Shape output(const Shape& x) const {
    Shape y = x;
    y.dim[1] = window_.out_channels;
    for (int axis = 2; axis < x.rank; ++axis) {
      const ConvAxis& a = window_.axis[kSpatialAxes - x.rank + axis];
      y.dim[axis] = (x.dim[axis] - 1) * a.stride - a.before - a.after + a.dilation * (a.kernel - 1) +
                    output_padding_[axis - 2] + 1;
    }
    return y;
  }

  void add_part(const OperatorSpec& spec, const std::array<int64_t, kSpatialAxes>& place) {
    std::vector<Phase> phases;
    for (int i = 0; i < kSpatialAxes; ++i) phases.emplace_back(window_.axis[i], place[i]);
    const Array& whole = spec.constants.at("weight");
    const std::vector<uint8_t> bytes = weight_of(whole, window_.groups, window_, phases);

    Part part;
    OperatorSpec conv = spec;
    conv.variant = "direct";  // parts have no scratch memory
    Array& weight = conv.constants["weight"];
    weight.data = bytes.data();
    weight.shape.dim[0] = window_.out_channels;
    weight.shape.dim[1] = window_.in_channels;
    for (const char* key : {"stride", "dilation", "padding"}) conv.ints[key].clear();
    for (int axis = 2; axis < window_.rank; ++axis) {
      const int i = kSpatialAxes - window_.rank + axis;
      weight.shape.dim[axis] = static_cast<int64_t>(phases[i].taps.size());
      conv.ints["stride"].push_back(1);
      conv.ints["dilation"].push_back(phases[i].dilation);
      conv.ints["padding"].push_back(std::max<int64_t>(0, -phases[i].first));
      conv.ints["padding"].push_back(0);
      part.x_first[axis] = std::max<int64_t>(0, phases[i].first);
      part.y_first[axis] = place[i];
      part.y_step[axis] = window_.axis[i].stride;
    }
    part.op = make_conv(conv);
    parts_.push_back(std::move(part));
  }

  std::string name_;
  ConvWindow window_;
  std::vector<int64_t> output_padding_;
  std::vector<Part> parts_;
};

}  // namespace

std::unique_ptr<Operator> make_conv_transpose(const OperatorSpec& spec) {
  return std::make_unique<ConvTranspose>(spec);
}

}  // namespace octavo
