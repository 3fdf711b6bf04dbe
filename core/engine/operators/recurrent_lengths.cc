#include "engine/operators/recurrent_lengths.h"

#include <stdexcept>

namespace octavo {

std::exception_ptr RecurrentLengths::take_error(const std::string& where) {
  const auto wrong = wrong_.take();
  if (!wrong) return nullptr;
  return std::make_exception_ptr(std::invalid_argument(where + "lengths[" + std::to_string(wrong->position) + "] is " +
                                                       std::to_string(wrong->value) + ", expected 1 to " +
                                                       std::to_string(times_) + ", the steps of time that x has"));
}

}  // namespace octavo
