#include "engine/spec.h"

#include <cmath>
#include <stdexcept>

namespace octavo {

void OperatorSpec::fail(const std::string& what) const {
  throw std::invalid_argument("operator '" + name + "' (" + type + "): " + what);
}

const std::vector<int64_t>& OperatorSpec::ints_of(const std::string& key) const {
  const auto found = ints.find(key);
  if (found == ints.end()) fail("attribute '" + key + "' is missing");
  return found->second;
}

int64_t OperatorSpec::int_of(const std::string& key) const {
  const std::vector<int64_t>& list = ints_of(key);
  if (list.size() != 1) fail("attribute '" + key + "' has " + std::to_string(list.size()) + " entries, expected 1");
  return list[0];
}

float OperatorSpec::float_of(const std::string& key) const {
  const auto found = floats.find(key);
  if (found == floats.end()) fail("attribute '" + key + "' is missing");
  const float number = static_cast<float>(found->second);
  if (!std::isfinite(number)) fail("attribute '" + key + "' is not a finite number");
  return number;
}

std::optional<int64_t> OperatorSpec::optional_int(const std::string& key) const {
  if (!ints.contains(key)) return {};
  return int_of(key);
}

const Array& OperatorSpec::constant(const std::string& role, DType dtype) const {
  const auto found = constants.find(role);
  if (found == constants.end()) fail("constant '" + role + "' is missing");
  if (found->second.dtype != dtype) fail("constant '" + role + "' has the wrong dtype");
  return found->second;
}

}  // namespace octavo
