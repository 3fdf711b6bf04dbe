// An operator as it comes from a program: plain data, before it is built.
#pragma once

#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/operator.h"
#include "engine/tensor.h"
#include "kernels/isa.h"

namespace octavo {

// A constant: row-major, owned by the caller for as long as operators are being built.
struct Array {
  DType dtype = DType::f32;
  Shape shape;
  const void* data = nullptr;

  template <class T>
  const T* as() const {
    return static_cast<const T*>(data);
  }
};

struct OperatorSpec {
  std::string type;
  std::string name;
  std::vector<ValueType> inputs;
  std::vector<ValueType> outputs;
  std::map<std::string, std::vector<int64_t>> ints;  // every integer, boolean or list of integers, flattened
  std::map<std::string, double> floats;
  std::map<std::string, std::string> strings;
  std::map<std::string, Array> constants;
  Isa isa = Isa::reference;  // the instruction set whose kernels to use
  // Which of Operator::variants to build; "" or a name that the operator does not know: what its cost model says.
  std::string variant;
  // What shape input 0 will probably have, of no axes where nobody knows: for cost models alone.
  Shape likely;

  // Each throws std::invalid_argument naming the operator and what is missing or wrong.
  const std::vector<int64_t>& ints_of(const std::string& key) const;
  int64_t int_of(const std::string& key) const;
  float float_of(const std::string& key) const;  // a finite number
  std::optional<int64_t> optional_int(const std::string& key) const;
  // What stands beside the attribute's word.
  template <class T>
  T choice_of(const std::string& key, std::initializer_list<std::pair<const char*, T>> choices) const {
    const auto found = strings.find(key);
    if (found == strings.end()) fail("attribute '" + key + "' is missing");
    std::string words;
    for (const auto& [word, choice] : choices) {
      if (found->second == word) return choice;
      words += std::string(words.empty() ? "" : ", ") + word;
    }
    fail("attribute '" + key + "' is '" + found->second + "', expected one of " + words);
  }
  const Array& constant(const std::string& role, DType dtype) const;
  [[noreturn]] void fail(const std::string& what) const;
};

// Builds an operator; the table of factories is in operators/registry.cc. Throws std::invalid_argument.
std::unique_ptr<Operator> make_operator(const OperatorSpec& spec);

// float32(a·b/c), computed in float64: every ratio of scales in the engine comes from here.
inline float scale_ratio(double a, double b, double c) { return static_cast<float>(a * b / c); }

}  // namespace octavo
