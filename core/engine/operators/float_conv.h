// The float32 forms of conv and linear.
#pragma once

#include <memory>

#include "engine/operator.h"
#include "engine/spec.h"

namespace octavo {

std::unique_ptr<Operator> make_float_conv(const OperatorSpec& spec);
std::unique_ptr<Operator> make_float_linear(const OperatorSpec& spec);

}  // namespace octavo
