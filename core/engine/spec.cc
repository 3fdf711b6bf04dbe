#include "engine/spec.h"

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
