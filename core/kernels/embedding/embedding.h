// Rows of a table: one of them, or several combined.
#pragma once

#include <cstdint>

#include "kernels/kernel_table.h"

namespace octavo {

// Row i holds v = f(levels[i]) * scale[i] + offset[i], or v = floats[i] where there are no levels. 64 bytes past the
// last level may be read.
struct EmbeddingTable {
  const uint8_t* levels = nullptr;
  const float* scale = nullptr;
  const float* offset = nullptr;
  const float* floats = nullptr;
  int64_t dim = 0;
};

enum class BagMode : uint8_t { sum, mean, maximum, weighted_sum };

// `count` ids of rows that are there, and a weight for each where the mode has them; strides are in bytes.
struct IdBag {
  const uint8_t* ids = nullptr;
  const uint8_t* weights = nullptr;
  int64_t stride = 0, weight_stride = 0;
  int64_t count = 0;
};

struct EmbeddingKernels {
  // y[0..dim) = v of a row.
  void (*row)(const EmbeddingTable& table, int64_t id, float* y);
  // y[0..dim) = 0 + v + v + …, in order of the ids, with * weight behind each v or / count behind the sum; or the
  // maximum, y = y < v ? v : y from the first v. Zeros where there are no ids.
  void (*bag)(const EmbeddingTable& table, const IdBag& bag, BagMode mode, float* y);
};

namespace reference {
extern const EmbeddingKernels kEmbedding;
}  // namespace reference
namespace avx2 {
extern const EmbeddingKernels kEmbedding;
}  // namespace avx2
namespace avx512 {
extern const EmbeddingKernels kEmbedding;
}  // namespace avx512
namespace neon {
extern const EmbeddingKernels kEmbedding;
}  // namespace neon

inline constexpr KernelTable<const EmbeddingKernels*> kEmbeddingKernels{{{Isa::reference, &reference::kEmbedding},
                                                                         {Isa::avx2, &avx2::kEmbedding},
                                                                         {Isa::avx512, &avx512::kEmbedding},
                                                                         {Isa::neon, &neon::kEmbedding}}};

}  // namespace octavo
