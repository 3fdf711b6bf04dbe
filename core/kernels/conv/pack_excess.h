// Makes a panel's weights safe for vpmaddubsw; see excess.h.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace octavo {

struct ConvExcess {
  std::vector<int8_t> lists;  // of all vectors, as the kernels read them
  int64_t groups = 0;         // of all vectors
  int64_t vectors = 0;        // that have any
};

// weight: [words][nr][4], is made safe. lanes: outputs in a vector.
ConvExcess take_excess(std::span<int8_t> weight, int nr, int lanes);

}  // namespace octavo
