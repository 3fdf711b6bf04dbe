// Exact Winograd convolution: 3 x 3 with stride and dilation 1, dense.
#pragma once

#include <memory>

#include "engine/operators/conv_window.h"

namespace octavo {

// Whether the layer has the form that Winograd computes, and its accumulators stay where it is exact.
bool is_winograd_possible(const OperatorSpec& spec, const ConvWindow& window);

// For layers where that is possible.
std::unique_ptr<Operator> make_winograd(const OperatorSpec& spec);

}  // namespace octavo
