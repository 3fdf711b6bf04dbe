// Rows of a table, written or added to a row of floats: embedding and embedding_bag.
#pragma once

#include <cstdint>

#include "kernels/isa.h"

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

// set: y = v; add: y = y + v; add_weighted: y = y + v * weight; maximum: y = y < v ? v : y.
enum class EmbeddingMode : uint8_t { set, add, add_weighted, maximum };

using EmbeddingKernel = void (*)(const EmbeddingTable& table, int64_t row, EmbeddingMode mode, float weight, float* y);

namespace reference {
void embedding(const EmbeddingTable& table, int64_t row, EmbeddingMode mode, float weight, float* y);
}  // namespace reference
namespace avx2 {
void embedding(const EmbeddingTable& table, int64_t row, EmbeddingMode mode, float weight, float* y);
}  // namespace avx2
namespace avx512_vnni {
void embedding(const EmbeddingTable& table, int64_t row, EmbeddingMode mode, float weight, float* y);
}  // namespace avx512_vnni

inline constexpr EmbeddingKernel kEmbeddingKernels[kIsaCount] = {reference::embedding, avx2::embedding,
                                                                 avx512_vnni::embedding};

}  // namespace octavo
