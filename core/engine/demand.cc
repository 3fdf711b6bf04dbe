#include "engine/demand.h"

#include <algorithm>

#include "engine/layout.h"

namespace octavo {
namespace {

using Demands = std::vector<Demand>;

void want_orders(const Graph& graph, const std::vector<Shape>& shapes, Demands* demands) {
  for (auto node = graph.nodes.rbegin(); node != graph.nodes.rend(); ++node) {
    std::vector<Shape> in;
    for (const int value : node->inputs) in.push_back(shapes[value]);
    for (size_t i = 0; i < node->inputs.size(); ++i) {
      Demand& demand = (*demands)[node->inputs[i]];
      const InputNeed need = node->op->input_need(static_cast<int>(i), in);
      demand.halo = larger(demand.halo, need.halo);
      if (need.order != Order::any) {
        demand.order = need.order;
      } else if (node->op->output_order() == Order::any && node->op->aligned()) {
        const int output = node->outputs[0];
        if (shapes[output].rank == in[i].rank && (*demands)[output].order != Order::any)
          demand.order = (*demands)[output].order;
      }
    }
  }
}

// A halo lies around the whole output of a concat, so parts can share it only if they lie side by side in channels.
bool parts_share_halo(const Graph::Node& concat, const std::vector<Shape>& shapes) {
  return concat.op->joined_axis() == 1 && shapes[concat.outputs[0]].rank >= 3;
}

// A value that a concat can have its producer write in place: computed (not an input, not a view), joined once, and by
// one concat only.
void join_concats(const Graph& graph, const std::vector<Shape>& shapes, Demands* demands) {
  std::vector<const Operator*> producer(graph.values.size(), nullptr);  // of values that are computed, not viewed
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    const Graph::Node& node = graph.nodes[n];
    if (node.op->joined_axis() >= 0) {
      const int output = node.outputs[0];
      Order& order = (*demands)[output].order;
      for (const int input : node.inputs)
        if (order == Order::any && producer[input]) order = producer[input]->output_order();
      for (const int input : node.inputs) {
        Demand& demand = (*demands)[input];
        if (!producer[input] || demand.joined_by >= 0) continue;
        if (std::count(node.inputs.begin(), node.inputs.end(), input) > 1) continue;
        if (demand.order != order && demand.order != Order::any) continue;
        if (producer[input]->output_order() != order && producer[input]->output_order() != Order::any) continue;
        if (!is_empty(demand.halo) && !parts_share_halo(node, shapes)) continue;
        demand.joined_by = static_cast<int>(n);
      }
    }
    for (const int output : node.outputs) producer[output] = node.op->is_view() ? nullptr : node.op.get();
  }
}

// A view or a part of a concat shares the halo of what it lies in. A part that turns out to need one which it cannot
// share, as that of a concat within a concat, is taken out.
bool share_halos(const Graph& graph, const std::vector<Shape>& shapes, Demands* demands) {
  bool changed = false;
  const auto raise = [&](int value, const Halo& halo) {
    if (covers((*demands)[value].halo, halo)) return;
    (*demands)[value].halo = larger((*demands)[value].halo, halo);
    changed = true;
  };
  for (const Graph::Node& node : graph.nodes) {
    if (node.op->is_view() && node.op->keeps_halo()) raise(node.inputs[0], (*demands)[node.outputs[0]].halo);
    if (node.op->joined_axis() < 0) continue;
    for (const int input : node.inputs) {
      Demand& part = (*demands)[input];
      if (part.joined_by != &node - graph.nodes.data() || is_empty(part.halo)) continue;
      if (parts_share_halo(node, shapes)) {
        raise(node.outputs[0], part.halo);
      } else {
        part.joined_by = -1;
      }
    }
  }
  return changed;
}

}  // namespace

Demands find_demand(const Graph& graph, const std::vector<Shape>& shapes) {
  Demands demands(graph.values.size());
  want_orders(graph, shapes, &demands);
  join_concats(graph, shapes, &demands);
  while (share_halos(graph, shapes, &demands)) {}
  return demands;
}

}  // namespace octavo
