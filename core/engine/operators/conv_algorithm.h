// The ways to compute an 8-bit convolution. They give the same bits; one function chooses.
#pragma once

#include "engine/operators/conv_window.h"

namespace octavo {

enum class ConvAlgorithm : uint8_t { direct, winograd, depthwise };

// OperatorSpec::variant "winograd" asks for it where the layer allows it, "direct" or a walk (conv_walk.h) for direct
// convolution; else the cost model says.
// Throws std::invalid_argument where the constants are not a convolution's.
ConvAlgorithm choose_conv_algorithm(const OperatorSpec& spec, const ConvWindow& window, bool winograd_possible);

}  // namespace octavo
