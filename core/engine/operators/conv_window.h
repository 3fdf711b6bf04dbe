// The window of a convolution over [n, c, l], [n, c, h, w] or [n, c, d, h, w]: what its attributes say.
#pragma once

#include <array>
#include <vector>

#include "engine/operator.h"
#include "engine/spec.h"

namespace octavo {

struct ConvAxis {
  int64_t kernel = 1, stride = 1, dilation = 1, before = 0, after = 0;
};

struct ConvWindow {
  int rank = 0;                               // of x, y and the weight
  std::array<ConvAxis, kSpatialAxes> axis;    // d, h, w; one tap along those that x lacks
  int64_t out_channels = 0, in_channels = 0;  // in_channels: of a group
  int64_t groups = 1;

  // Reads the attributes of a conv and the shape of its weight, [oc, ic/groups, ...]. A kernel may be empty.
  // Throws std::invalid_argument.
  ConvWindow(const OperatorSpec& spec, const Shape& weight);

  int64_t taps() const { return axis[0].kernel * axis[1].kernel * axis[2].kernel; }
  bool is_depthwise() const { return groups > 1 && in_channels == 1 && out_channels == groups; }

  // The shape of y. Throws std::invalid_argument, saying in the name of operator `name` why x does not fit.
  Shape output(const Shape& x, const std::string& name) const;

  // What must lie around x.
  Halo halo() const;
  // Bytes from x's first element to the first tap of the first window.
  int64_t origin(const Tensor& x) const;
  // Bytes from a window's first tap to each of its taps, in the order d, h, w.
  std::vector<int64_t> taps_in(const Tensor& x) const;
};

}  // namespace octavo
