// The constants of embedding and embedding_bag, and what both say of an id that is not in the table.
#pragma once

#include <exception>
#include <string>
#include <vector>

#include "engine/operators/first_mistake.h"
#include "engine/spec.h"
#include "kernels/embedding/embedding.h"

namespace octavo {

class Table {
 public:
  // Reads `weight` [rows, dim], uint8 with `scale` and `offset` [rows], or float32.
  explicit Table(const OperatorSpec& spec);

  int64_t rows() const { return rows_; }
  int64_t dim() const { return table_.dim; }
  bool holds(int64_t id) const { return id >= 0 && id < rows_; }

  // Of rows that are there.
  void read(int64_t id, float* y) const { kernels_.row(table_, id, y); }
  void combine(const IdBag& bag, BagMode mode, float* y) const { kernels_.bag(table_, bag, mode, y); }

  // std::out_of_range with the wrong id and its place among ids of that shape.
  std::exception_ptr error(const FirstMistake::Entry& wrong, const Shape& ids) const;

 private:
  std::string where_;
  const EmbeddingKernels& kernels_;
  int64_t rows_;
  std::vector<uint8_t> levels_;
  std::vector<float> scale_, offset_, floats_;
  EmbeddingTable table_;
};

}  // namespace octavo
