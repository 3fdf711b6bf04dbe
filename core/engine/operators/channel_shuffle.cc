// channel_shuffle: channel i·(c/groups) + j of x becomes channel j·groups + i of y.
#include <algorithm>
#include <stdexcept>

#include "engine/operators/registry.h"
#include "kernels/channel_shuffle/table.h"

namespace octavo {
namespace {

class ChannelShuffleStep final : public Step {
 public:
  ChannelShuffleStep(const ChannelShuffleKernel& kernel, int64_t groups, const Tensor& x, const Tensor& y)
      : kernel_(kernel), x_(x), y_(y), pixel_axis_(x.shape.rank - 1) {
    args_.item = item_size(x.type.dtype);
    args_.groups = groups;
    args_.channels = x.shape.dim[1];
    args_.x_pixel = x.stride[pixel_axis_];
    args_.y_pixel = y.stride[pixel_axis_];
  }

  // Threads share pixels; a pixel row is the last spatial axis.
  void run(int thread, int threads) noexcept override {
    const int64_t width = x_.shape.dim[pixel_axis_];
    if (x_.shape.elements() == 0) return;
    const Range mine = share(x_.shape.elements() / args_.channels, thread, threads);
    for (int64_t at = mine.first; at < mine.last;) {
      const int64_t row = at / width, first = at % width;
      ChannelShuffleArgs args = args_;
      args.pixels = std::min(width - first, mine.last - at);
      args.x = x_.data + row_offset(x_, row) + first * args.x_pixel;
      args.y = y_.data + row_offset(y_, row) + first * args.y_pixel;
      kernel_.run(args);
      at += args.pixels;
    }
  }

 private:
  int64_t row_offset(const Tensor& tensor, int64_t row) const {
    int64_t offset = 0;
    for (int axis = tensor.shape.rank - 1; axis >= 0; --axis) {
      if (axis == 1 || axis == pixel_axis_) continue;
      offset += row % tensor.shape.dim[axis] * tensor.stride[axis];
      row /= tensor.shape.dim[axis];
    }
    return offset;
  }

  const ChannelShuffleKernel& kernel_;
  const Tensor& x_;
  const Tensor& y_;
  int pixel_axis_;
  ChannelShuffleArgs args_ = {};
};

class ChannelShuffle final : public Operator {
 public:
  explicit ChannelShuffle(const OperatorSpec& spec) : name_(spec.name), groups_(spec.int_of("groups")) {
    if (spec.inputs.size() != 1 || spec.outputs.size() != 1) spec.fail("it has one input and one output");
    if (groups_ < 1) spec.fail("attribute 'groups' is " + std::to_string(groups_) + ", expected at least 1");
    if (spec.inputs[0].dtype != spec.outputs[0].dtype) spec.fail("the output's dtype must be the input's");
    kernel_ = &find_channel_shuffle_kernel(spec.isa, item_size(spec.inputs[0].dtype), groups_);
  }

  void check(std::span<const Shape> inputs, std::span<const Shape> outputs) const override {
    if (inputs.size() != 1 || outputs.size() != 1 || inputs[0].rank < 3 || !(inputs[0] == outputs[0]))
      fail("the output must have the shape of the input, [n, c, ...]");
    if (inputs[0].dim[1] % groups_ != 0)
      fail("the input has " + std::to_string(inputs[0].dim[1]) + " channels, expected a multiple of the " +
           std::to_string(groups_) + " groups");
  }

  InputNeed input_need(int /*input*/, std::span<const Shape> /*inputs*/) const override {
    return {Order::channels_last, {}};
  }

  Order output_order() const override { return Order::channels_last; }

  std::unique_ptr<Step> bind(std::span<const Tensor> inputs, std::span<const Tensor> outputs) const override {
    return std::make_unique<ChannelShuffleStep>(*kernel_, groups_, inputs[0], outputs[0]);
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw std::invalid_argument("operator '" + name_ + "' (channel_shuffle): " + what);
  }

  std::string name_;
  int64_t groups_;
  const ChannelShuffleKernel* kernel_;
};

}  // namespace

std::unique_ptr<Operator> make_channel_shuffle(const OperatorSpec& spec) {
  return std::make_unique<ChannelShuffle>(spec);
}

}  // namespace octavo
