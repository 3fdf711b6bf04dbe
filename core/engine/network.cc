#include "engine/network.h"

#include <stdexcept>

namespace octavo {

PlanSet::PlanSet(std::shared_ptr<const Graph> graph, const std::vector<Shape>& shapes, const Boundary& boundary)
    : graph_(std::move(graph)), shapes_(shapes) {
  if (shapes_.size() != graph_->values.size()) throw std::invalid_argument("expected one shape for each value");
  blueprint_ = make_blueprint(*graph_, shapes_, boundary);
  idle_.push_back(std::make_unique<Plan>(*graph_, blueprint_));
}

std::unique_ptr<Plan> PlanSet::take() {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      std::unique_ptr<Plan> plan = std::move(idle_.back());
      idle_.pop_back();
      return plan;
    }
  }
  return std::make_unique<Plan>(*graph_, blueprint_);
}

void PlanSet::give_back(std::unique_ptr<Plan> plan) {
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(plan));
}

void PlanSet::run(const void* const* inputs, void* const* outputs, int threads) {
  std::unique_ptr<Plan> plan = take();
  const std::exception_ptr error = plan->run(inputs, outputs, threads);
  give_back(std::move(plan));
  if (error) std::rethrow_exception(error);
}

std::vector<std::pair<Plan::StepInfo, double>> PlanSet::profile(const void* const* inputs, void* const* outputs,
                                                                int threads, int rounds) {
  std::unique_ptr<Plan> plan = take();
  const std::vector<Plan::StepInfo> steps = plan->steps();
  std::vector<int64_t> nanoseconds(steps.size(), 0);
  std::exception_ptr error;
  for (int round = 0; round < rounds && !error; ++round)
    error = plan->run(inputs, outputs, threads, nanoseconds.data());
  give_back(std::move(plan));
  if (error) std::rethrow_exception(error);
  std::vector<std::pair<Plan::StepInfo, double>> result;
  for (size_t i = 0; i < steps.size(); ++i) result.emplace_back(steps[i], static_cast<double>(nanoseconds[i]) / rounds);
  return result;
}

std::vector<std::pair<std::string, std::vector<std::string>>> PlanSet::variants(int threads) const {
  std::vector<std::pair<std::string, std::vector<std::string>>> result;
  for (const Graph::Node& node : graph_->nodes) {
    std::vector<Shape> inputs, outputs;
    for (const int value : node.inputs) inputs.push_back(shapes_[static_cast<size_t>(value)]);
    for (const int value : node.outputs) outputs.push_back(shapes_[static_cast<size_t>(value)]);
    result.emplace_back(node.name, node.op->variants(inputs, outputs, threads));
  }
  return result;
}

GraphBuilder::GraphBuilder(std::vector<ValueType> values, const std::vector<int>& inputs, Isa isa)
    : graph_(std::make_shared<Graph>()), known_(values.size(), false), isa_(isa) {
  graph_->values = std::move(values);
  graph_->inputs = inputs;
  for (const int input : inputs) produce(input, "inputs");
}

void GraphBuilder::add(NodeSpec node) {
  const std::string where = "operator '" + node.op.name + "'";
  node.op.isa = isa_;
  for (const int value : node.inputs) {
    require(value, true, where);
    node.op.inputs.push_back(graph_->values[value]);
  }
  if (node.outputs.empty()) throw std::invalid_argument(where + ": expected outputs");
  for (const int value : node.outputs) {
    produce(value, where);
    node.op.outputs.push_back(graph_->values[value]);
  }
  std::unique_ptr<Operator> op = make_operator(node.op);
  if ((op->is_view() || op->joined_axis() >= 0) && node.outputs.size() != 1)
    throw std::invalid_argument(where + ": it has one output");
  graph_->nodes.push_back({std::move(op), node.op.type, node.op.name, node.inputs, node.outputs});
}

std::shared_ptr<Graph> GraphBuilder::finish(const std::vector<int>& outputs) {
  for (const int output : outputs) require(output, true, "outputs");
  graph_->outputs = outputs;
  return std::move(graph_);
}

void GraphBuilder::produce(int value, const std::string& where) {
  require(value, false, where);
  known_[value] = true;
}

void GraphBuilder::require(int value, bool known, const std::string& where) const {
  if (value < 0 || value >= static_cast<int>(known_.size()) || known_[value] != known)
    throw std::invalid_argument(where + ": its values are not each produced once, before they are used");
}

}  // namespace octavo
