#include "engine/operators/conv_window.h"

#include <algorithm>
#include <string>

#include "engine/layout.h"
#include "engine/operators/elementwise.h"

namespace octavo {
namespace {

constexpr int64_t kLargestAttribute = 1 << 24;  // of stride, dilation and padding: offsets stay far from 2^63

std::vector<int64_t> read(const OperatorSpec& spec, const std::string& key, size_t count, int64_t least) {
  const std::vector<int64_t>& values = spec.ints_of(key);
  const auto fits = [&](int64_t value) { return value >= least && value <= kLargestAttribute; };
  if (values.size() != count || !std::ranges::all_of(values, fits))
    spec.fail("attribute '" + key + "' must have " + std::to_string(count) + " entries from " + std::to_string(least) +
              " to " + std::to_string(kLargestAttribute));
  return values;
}

}  // namespace

ConvWindow::ConvWindow(const OperatorSpec& spec, const Shape& weight) : rank(weight.rank) {
  if (rank < 3 || rank > 5 || weight.dim[0] < 1 || weight.dim[1] < 1)
    spec.fail("constant 'weight' has shape " + to_text(weight) +
              ", expected [oc, ic/groups, ...] with one to three axes for the kernel");
  const auto spatial = static_cast<size_t>(rank) - 2;
  const auto strides = read(spec, "stride", spatial, 1), dilations = read(spec, "dilation", spatial, 1);
  const auto padding = read(spec, "padding", 2 * spatial, 0);
  for (size_t i = 0; i < spatial; ++i)
    axis[kSpatialAxes - spatial + i] = {weight.dim[2 + i], strides[i], dilations[i], padding[2 * i],
                                        padding[2 * i + 1]};
  out_channels = weight.dim[0];
  in_channels = weight.dim[1];
  groups = spec.int_of("groups");
  if (groups < 1 || out_channels % groups != 0)
    spec.fail("got groups " + std::to_string(groups) + ", expected a divisor of the " + std::to_string(out_channels) +
              " output channels");
}

Shape ConvWindow::output(const Shape& x, const std::string& name) const {
  if (x.rank != rank || x.dim[1] != in_channels * groups)
    shape_error(name, "the input's shape is " + to_text(x) + ", expected " + std::to_string(rank) + " axes and " +
                          std::to_string(in_channels * groups) + " channels");
  Shape y = x;
  y.dim[1] = out_channels;
  for (int i = kSpatialAxes - (rank - 2); i < kSpatialAxes; ++i) {
    const ConvAxis& a = axis[i];
    const int64_t padded = spatial_size(x, i) + a.before + a.after, reach = a.dilation * (a.kernel - 1) + 1;
    if (padded < reach)
      shape_error(name, "the kernel reaches over " + std::to_string(reach) + " elements, the padded input " +
                            to_text(x) + " has " + std::to_string(padded));
    y.dim[rank - kSpatialAxes + i] = (padded - reach) / a.stride + 1;
  }
  return y;
}

Halo ConvWindow::halo() const {
  Halo halo;
  for (int i = 0; i < kSpatialAxes; ++i) {
    halo.before[i] = axis[i].before;
    halo.after[i] = axis[i].after;
  }
  return halo;
}

int64_t ConvWindow::origin(const Tensor& x) const {
  int64_t bytes = 0;
  for (int i = 0; i < kSpatialAxes; ++i) bytes -= axis[i].before * spatial_stride(x, i);
  return bytes;
}

std::vector<int64_t> ConvWindow::taps_in(const Tensor& x) const {
  std::vector<int64_t> bytes;
  const auto step = [&](int i) { return axis[i].dilation * spatial_stride(x, i); };
  for (int64_t d = 0; d < axis[0].kernel; ++d)
    for (int64_t h = 0; h < axis[1].kernel; ++h)
      for (int64_t w = 0; w < axis[2].kernel; ++w) bytes.push_back(d * step(0) + h * step(1) + w * step(2));
  return bytes;
}

}  // namespace octavo
