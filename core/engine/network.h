// A loaded program: packed operators, and plans for the shapes that it has been run with.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "engine/plan.h"
#include "engine/planner.h"
#include "engine/spec.h"

namespace octavo {

// Plans for one set of shapes: as many as there are runs at the same time. Safe to use from many threads.
class PlanSet {
 public:
  PlanSet(std::shared_ptr<const Graph> graph, const std::vector<Shape>& shapes, const Boundary& boundary = {});

  // Throws what a step found wrong in its inputs: std::out_of_range for an index, else std::invalid_argument.
  void run(const void* const* inputs, void* const* outputs, int threads);

  // Mean nanoseconds of each step over `rounds` runs.
  std::vector<std::pair<Plan::StepInfo, double>> profile(const void* const* inputs, void* const* outputs, int threads,
                                                         int rounds);

  const std::vector<Shape>& shapes() const { return shapes_; }
  const Graph& graph() const { return *graph_; }
  // How the inputs and outputs of a run lie, in order.
  const std::vector<Order>& inputs() const { return blueprint_.inputs; }
  const std::vector<Order>& outputs() const { return blueprint_.outputs; }
  // Of each operator: its name, and in how many ways it can be built for these shapes and that many threads.
  std::vector<std::pair<std::string, std::vector<std::string>>> variants(int threads) const;
  int64_t arena_bytes() const { return blueprint_.arena_bytes; }
  int64_t live_bytes() const { return blueprint_.live_bytes; }

 private:
  std::unique_ptr<Plan> take();
  void give_back(std::unique_ptr<Plan> plan);

  std::shared_ptr<const Graph> graph_;
  std::vector<Shape> shapes_;
  Blueprint blueprint_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Plan>> idle_;
};

struct NodeSpec {
  OperatorSpec op;  // its inputs' and outputs' types are filled in from the values
  std::vector<int> inputs, outputs;
};

// Builds operators, packing weights for `isa`, one after the other: the constants of one are not needed any more when
// the next is added. Each throws std::invalid_argument naming the operator.
class GraphBuilder {
 public:
  GraphBuilder(std::vector<ValueType> values, const std::vector<int>& inputs, Isa isa);
  void add(NodeSpec node);
  // Gives the graph away: nothing can be added after that.
  std::shared_ptr<Graph> finish(const std::vector<int>& outputs);

 private:
  void produce(int value, const std::string& where);
  void require(int value, bool known, const std::string& where) const;

  std::shared_ptr<Graph> graph_;
  std::vector<bool> known_;  // whether each value has been produced
  Isa isa_;
};

}  // namespace octavo
