// Convolution in which every output channel sees one input channel: conv with groups == input channels == output
// channels.
#pragma once

#include <memory>

#include "engine/operator.h"
#include "engine/spec.h"

namespace octavo {

// `spec` is an 8-bit `conv` whose weight is [channels, 1, …] with groups == channels. Throws std::invalid_argument.
std::unique_ptr<Operator> make_depthwise(const OperatorSpec& spec);

}  // namespace octavo
