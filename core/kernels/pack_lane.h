// How the weights of one output lie in a panel: its lane of each group.
#pragma once

#include <cstdint>

namespace octavo {

// A panel of nr outputs: groups of `interleave` consecutive weights, output after output.
struct PanelLane {
  int8_t* panel;
  int64_t nr, interleave;
  int64_t lane;  // which output

  // Copies weights that lie `stride` apart to the elements from k on.
  void write(const int8_t* weight, int64_t stride, int64_t count, int64_t k) const {
    int8_t* group = panel + (k / interleave * nr + lane) * interleave;
    int64_t within = k % interleave;
    for (int64_t i = 0; i < count; ++i) {
      group[within] = weight[i * stride];
      if (++within < interleave) continue;
      within = 0;
      group += nr * interleave;
    }
  }
};

}  // namespace octavo
