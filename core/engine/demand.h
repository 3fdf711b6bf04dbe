// What the consumers of each value want of its layout, found before anything is placed.
#pragma once

#include <vector>

#include "engine/operator.h"
#include "engine/planner.h"

namespace octavo {

struct Demand {
  Order order = Order::any;  // what its first consumer with a preference wants
  Halo halo;                 // the largest that a consumer reads
  int joined_by = -1;        // the concat node in whose output its producer writes it, or -1
};

// One entry a value.
std::vector<Demand> find_demand(const Graph& graph, const std::vector<Shape>& shapes);

}  // namespace octavo
