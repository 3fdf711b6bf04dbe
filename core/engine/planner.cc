#include "engine/planner.h"

#include <algorithm>
#include <limits>
#include <stdexcept>

#include "engine/demand.h"

namespace octavo {
namespace {

constexpr int kForever = std::numeric_limits<int>::max();

class Planner {
 public:
  Planner(const Graph& graph, const std::vector<Shape>& shapes, const Boundary& boundary)
      : graph_(graph),
        shapes_(shapes),
        free_outputs_(boundary.free_outputs),
        demand_(find_demand(graph, shapes)),
        draft_(graph.inputs.size(), graph.outputs.size()),
        place_of_(graph.values.size(), -1),
        copies_(graph.values.size()),
        last_use_(graph.values.size(), -1),
        is_read_(graph.values.size(), false) {
    for (size_t n = 0; n < graph.nodes.size(); ++n) {
      for (const int value : graph.nodes[n].inputs) {
        last_use_[value] = static_cast<int>(n);
        is_read_[value] = true;
      }
    }
    for (const int value : graph.outputs) last_use_[value] = kForever;
    inputs_ = boundary.inputs;
    inputs_.resize(graph.inputs.size());
    for (size_t i = 0; i < inputs_.size(); ++i) draft_.set_input_order(i, inputs_[i].order);
  }

  Blueprint run() {
    for (size_t i = 0; i < graph_.inputs.size(); ++i) place_input(static_cast<int>(i));
    for (size_t n = 0; n < graph_.nodes.size(); ++n) {
      node_ = static_cast<int>(n);
      const Graph::Node& node = graph_.nodes[n];
      if (node.op->is_view()) {
        add_view(node);
      } else if (node.op->joined_axis() >= 0) {
        add_concat(node);
      } else {
        add_operator(node);
      }
    }
    node_ = -1;
    for (size_t i = 0; i < graph_.outputs.size(); ++i) deliver_output(static_cast<int>(i));
    return draft_.finish();
  }

 private:
  // --- places

  void place_input(int index) {
    const int value = graph_.inputs[index];
    const auto [given, has_slack] = inputs_[index];
    place_of_[value] = draft_.new_place(graph_.values[value], shapes_[value], given, {}, Storage::Owner::input, index);
    if (item_size(graph_.values[value].dtype) != 1 || has_slack) return;
    // Kernels may read past the ends of 8-bit tensors, which the caller's memory does not promise to allow.
    const Demand& demand = demand_[value];
    const Order order = demand.order == Order::any ? given : demand.order;
    place_of_[value] =
        draft_.copy_of(node_, place_of_[value], order, order == Order::channels_last ? demand.halo : Halo{});
  }

  // Where `value`, the output of `node`, will lie; `order` is the one that its producer would choose.
  int place_output(const Graph::Node& node, int value, Order order) {
    if (place_of_[value] >= 0) return place_of_[value];
    const Demand& demand = demand_[value];
    if (node.op->output_order() != Order::any) {
      order = node.op->output_order();
    } else if (demand.order != Order::any) {
      order = demand.order;
    }
    if (demand.joined_by >= 0) return place_of_[value] = place_in_concat(value, order);
    if (const int over = in_place_of(node, value); over >= 0) return place_of_[value] = over;
    if (shapes_[value].rank < 3) order = Order::row_major;
    const bool deliverable = is_empty(demand.halo) && (order == Order::row_major || may_lie_freely(value));
    const int output = deliverable ? sole_output(value) : -1;
    if (output >= 0) draft_.set_output_order(output, order);
    return place_of_[value] = draft_.new_place(graph_.values[value], shapes_[value], order, demand.halo,
                                               output >= 0 ? Storage::Owner::output : Storage::Owner::arena, output);
  }

  int place_in_concat(int value, Order order) {
    const Demand& demand = demand_[value];
    const Graph::Node& concat = graph_.nodes[demand.joined_by];
    const int whole = place_output(concat, concat.outputs[0], order);
    return draft_.add_place(part(draft_.place(whole), concat, value));
  }

  // The part of a concat's output where `value` lies.
  Place part(const Place& whole, const Graph::Node& concat, int value) const {
    const int axis = concat.op->joined_axis();
    Place place = whole;
    place.tensor.shape = shapes_[value];
    place.tensor.type = graph_.values[value];
    for (const int input : concat.inputs) {
      if (input == value) break;
      place.offset += shapes_[input].dim[axis] * whole.tensor.stride[axis];
    }
    return place;
  }

  // The place of an input of `node` that dies here and that `value` may be written over, or -1.
  int in_place_of(const Graph::Node& node, int value) {
    if (node.outputs.size() > 1) return -1;  // two outputs must not be written over one input
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const int input = node.inputs[i];
      if (!node.op->in_place(static_cast<int>(i)) || !(shapes_[input] == shapes_[value])) continue;
      if (item_size(graph_.values[input].dtype) != item_size(graph_.values[value].dtype)) continue;
      if (sole_output(value) >= 0) continue;
      Place place = draft_.place(place_of_[input]);
      if (draft_.storage_of(place_of_[input]).owner != Storage::Owner::arena || !dies_here(place.storage)) continue;
      if (overlaps_another_input(node, i)) continue;
      if (!lies_in_order(place.tensor, demand_[value].order) || !covers(place.halo, demand_[value].halo)) continue;
      if (!is_empty(demand_[value].halo)) draft_.storage_of(place_of_[input]).halo_filled = false;
      place.tensor.type = graph_.values[value];
      return draft_.add_place(place);
    }
    return -1;
  }

  // Whether another input reads the same memory in another way, as in x + x.T or conv(x) + x.
  bool overlaps_another_input(const Graph::Node& node, size_t input) const {
    const Place& place = draft_.place(place_of_[node.inputs[input]]);
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const Place& other = draft_.place(place_of_[node.inputs[i]]);
      if (i == input || other.storage != place.storage) continue;
      if (!node.op->in_place(static_cast<int>(i)) || other.offset != place.offset) return true;
      if (!(other.tensor.shape == place.tensor.shape)) return true;
      if (!std::equal(place.tensor.stride, place.tensor.stride + place.tensor.shape.rank, other.tensor.stride))
        return true;
    }
    return false;
  }

  bool dies_here(int storage) const {
    for (size_t value = 0; value < place_of_.size(); ++value)
      if (place_of_[value] >= 0 && draft_.place(place_of_[value]).storage == storage && last_use_[value] > node_)
        return false;
    return true;
  }

  // The index of the network's only output that is `value` and can be written where the caller wants it, or -1.
  int sole_output(int value) const {
    // Kernels may read past the ends of 8-bit tensors, which the caller's memory does not promise to allow.
    if (item_size(graph_.values[value].dtype) == 1 && is_read_[value]) return -1;
    const auto first = std::find(graph_.outputs.begin(), graph_.outputs.end(), value);
    if (first == graph_.outputs.end() || std::find(first + 1, graph_.outputs.end(), value) != graph_.outputs.end())
      return -1;
    return static_cast<int>(first - graph_.outputs.begin());
  }

  bool may_lie_freely(int value) const { return free_outputs_ && item_size(graph_.values[value].dtype) == 1; }

  // Whether the caller, who lets outputs lie freely, gets 8 bits made of float images: layers will want them
  // channels_last.
  bool is_image_made_of_floats(const Graph::Node& node, int value) const {
    return may_lie_freely(value) && shapes_[value].rank >= 4 && graph_.values[node.inputs[0]].dtype == DType::f32;
  }

  // --- steps

  // A step of `op`, or a copy without one.
  void add_step(std::vector<int> inputs, std::vector<int> outputs, const Operator* op, bool barrier = true) {
    const auto kind = op != nullptr ? PlannedStep::Kind::op : PlannedStep::Kind::copy;
    draft_.add_step({kind, node_, op, std::move(inputs), std::move(outputs), barrier});
  }

  bool satisfies(int place, const InputNeed& need) const {
    return lies_in_order(draft_.place(place).tensor, need.order) && covers(draft_.place(place).halo, need.halo);
  }

  int input_place(const Graph::Node& node, int index, std::span<const Shape> in) {
    const int value = node.inputs[index];
    const InputNeed need = node.op->input_need(index, in);
    if (satisfies(place_of_[value], need)) return place_of_[value];
    for (const int copy : copies_[value])
      if (satisfies(copy, need)) return copy;
    const int copy = draft_.copy_of(node_, place_of_[value], need.order, need.halo);
    copies_[value].push_back(copy);
    return copy;
  }

  void add_view(const Graph::Node& node) {
    const int value = node.outputs[0];
    int input = place_of_[node.inputs[0]];
    auto view = node.op->view(draft_.place(input).tensor, shapes_[value]);
    if (!view) {
      input = draft_.copy_of(node_, input, Order::row_major, {});
      view = node.op->view(draft_.place(input).tensor, shapes_[value]);
    }
    if (!view) throw std::logic_error("operator '" + node.name + "': a dense copy cannot be viewed");
    Place place = draft_.place(input);
    if (!node.op->keeps_halo()) place.halo = {};
    place.offset += view->offset;
    place.tensor.type = graph_.values[value];
    place.tensor.shape = shapes_[value];
    std::copy(view->stride, view->stride + kMaxRank, place.tensor.stride);
    place_of_[value] = draft_.add_place(place);
  }

  Order natural_order(int place) const {
    const Tensor& tensor = draft_.place(place).tensor;
    return !lies_in_order(tensor, Order::row_major) && lies_in_order(tensor, Order::channels_last)
               ? Order::channels_last
               : Order::row_major;
  }

  void add_concat(const Graph::Node& node) {
    const int whole = place_output(node, node.outputs[0], natural_order(place_of_[node.inputs[0]]));
    Place next = draft_.place(whole);
    const int axis = node.op->joined_axis();
    for (const int input : node.inputs) {
      next.tensor.shape = shapes_[input];
      if (demand_[input].joined_by != node_) {
        add_step({place_of_[input]}, {draft_.add_place(next)}, nullptr, false);
      }
      next.offset += shapes_[input].dim[axis] * next.tensor.stride[axis];
    }
    draft_.set_barrier(true);
  }

  void add_operator(const Graph::Node& node) {
    std::vector<Shape> in;
    for (const int value : node.inputs) in.push_back(shapes_[value]);
    std::vector<int> inputs, outputs;
    for (size_t i = 0; i < node.inputs.size(); ++i) inputs.push_back(input_place(node, static_cast<int>(i), in));
    Order order = Order::row_major;
    for (const int input : inputs)
      if (natural_order(input) == Order::channels_last) order = Order::channels_last;
    for (const int value : node.outputs)
      outputs.push_back(place_output(node, value, is_image_made_of_floats(node, value) ? Order::channels_last : order));
    if (const int64_t bytes = node.op->scratch_bytes(in); bytes > 0)
      outputs.push_back(
          draft_.new_place({.dtype = DType::u8}, {1, {bytes}}, Order::row_major, {}, Storage::Owner::arena, -1));
    draft_.need_own(node.op->own_bytes(in));
    if (node.op->parts().empty()) return add_step(std::move(inputs), std::move(outputs), node.op.get());
    for (const Operator::Part& part : node.op->parts()) add_part(part, inputs[0], outputs[0]);
    draft_.set_barrier(true);
  }

  void add_part(const Operator::Part& part, int input, int output) {
    Place x = draft_.place(input), y = draft_.place(output);
    for (int axis = 0; axis < y.tensor.shape.rank; ++axis) {
      x.offset += part.x_first[axis] * x.tensor.stride[axis];
      y.offset += part.y_first[axis] * y.tensor.stride[axis];
      int64_t& size = y.tensor.shape.dim[axis];
      size = (size - part.y_first[axis] + part.y_step[axis] - 1) / part.y_step[axis];
      y.tensor.stride[axis] *= part.y_step[axis];
      if (size < 1) return;
    }
    add_step({draft_.add_place(x)}, {draft_.add_place(y)}, part.op.get(), false);
  }

  void deliver_output(int index) {
    const int value = graph_.outputs[index];
    const Storage& storage = draft_.storage_of(place_of_[value]);
    if (storage.owner == Storage::Owner::output && storage.external == index) return;
    const Order order = may_lie_freely(value) ? natural_order(place_of_[value]) : Order::row_major;
    draft_.set_output_order(index, order);
    const int given = draft_.new_place(graph_.values[value], shapes_[value], order, {}, Storage::Owner::output, index);
    add_step({place_of_[value]}, {given}, nullptr, false);
  }

  const Graph& graph_;
  const std::vector<Shape>& shapes_;
  bool free_outputs_;
  std::vector<Boundary::Input> inputs_;
  std::vector<Demand> demand_;
  BlueprintBuilder draft_;
  std::vector<int> place_of_;             // value -> place, -1 before it is placed
  std::vector<std::vector<int>> copies_;  // value -> further places with other layouts
  std::vector<int> last_use_;             // value -> the last node that reads it
  std::vector<bool> is_read_;             // value -> whether a node reads it
  int node_ = -1;
};

}  // namespace

Blueprint make_blueprint(const Graph& graph, const std::vector<Shape>& shapes, const Boundary& boundary) {
  if (!boundary.inputs.empty() && boundary.inputs.size() != graph.inputs.size())
    throw std::invalid_argument("expected how each input lies");
  for (size_t i = 0; i < boundary.inputs.size(); ++i)
    if (boundary.inputs[i].order == Order::channels_last && shapes.at(graph.inputs[i]).rank < 3)
      throw std::invalid_argument("an input of fewer than 3 axes cannot lie in channels_last order");
  for (const Graph::Node& node : graph.nodes) {
    std::vector<Shape> in, out;
    for (const int value : node.inputs) in.push_back(shapes.at(value));
    for (const int value : node.outputs) out.push_back(shapes.at(value));
    node.op->check(in, out);
  }
  return Planner(graph, shapes, boundary).run();
}

}  // namespace octavo
