// Decides, for one set of shapes, where every value lies and which steps run in which order.
#pragma once

#include <memory>
#include <vector>

#include "engine/blueprint.h"
#include "engine/layout.h"
#include "engine/operator.h"

namespace octavo {

// A network as the planner sees it: immutable, shared by all plans.
struct Graph {
  struct Node {
    std::unique_ptr<Operator> op;
    std::string type, name;
    std::vector<int> inputs, outputs;  // value ids
  };
  std::vector<ValueType> values;
  std::vector<Node> nodes;
  std::vector<int> inputs, outputs;  // value ids

  Graph() = default;
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;
};

// How the caller's tensors lie.
struct Boundary {
  struct Input {
    Order order = Order::row_major;  // or channels_last
    bool has_slack = false;          // whether kSlackBytes before and after it may be read
  };
  std::vector<Input> inputs;  // one for each; empty: all as by default
  bool free_outputs = false;  // whether each output of 8 bits may lie as it is made; else all are row_major
};

// shapes: of every value. Throws std::invalid_argument where they do not fit the operators.
Blueprint make_blueprint(const Graph& graph, const std::vector<Shape>& shapes, const Boundary& boundary);

}  // namespace octavo
