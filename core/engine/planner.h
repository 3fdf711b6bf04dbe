// Decides, for one set of shapes, where every value lies and which steps run in which order.
#pragma once

#include <memory>
#include <vector>

#include "engine/arena.h"
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

struct Storage {
  enum class Owner { arena, input, output };
  Owner owner = Owner::arena;
  int external = -1;  // which input or output of the network
  int root = -1;      // the place that fills it
  Lifetime lifetime;
  bool halo_filled = false;
};

// A tensor at its place: `tensor.data` is unset, `offset` is from the start of the storage.
struct Place {
  Tensor tensor;
  int storage = -1;
  int64_t offset = 0;
  Halo halo;  // what lies around it
};

struct PlannedStep {
  enum class Kind { op, copy, fill_halo };
  Kind kind;
  int node = -1;                     // the operator it belongs to, -1 for the network's outputs
  const Operator* op = nullptr;      // of Kind::op: what does the work, the node's operator or that of a part
  std::vector<int> inputs, outputs;  // places
  bool barrier = true;               // whether the next step needs this one's results
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

struct Blueprint {
  std::vector<Place> places;
  std::vector<Storage> storages;
  std::vector<PlannedStep> steps;
  std::vector<Order> inputs, outputs;  // row_major or channels_last: how the caller's tensors lie
  int64_t arena_bytes = 0;
};

// shapes: of every value. Throws std::invalid_argument where they do not fit the operators.
Blueprint make_blueprint(const Graph& graph, const std::vector<Shape>& shapes, const Boundary& boundary);

}  // namespace octavo
