// Which instruction sets this machine runs.
#pragma once

#include <optional>
#include <string_view>

#include "kernels/isa.h"

namespace octavo {

bool is_supported(Isa isa);
const char* name_of(Isa isa);
std::optional<Isa> isa_named(std::string_view name);

}  // namespace octavo
