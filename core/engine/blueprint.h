// What the planner decides: where values lie and which steps run, and the builder that writes it down.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "engine/arena.h"
#include "engine/layout.h"
#include "engine/operator.h"

namespace octavo {

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
  int node = -1;                         // the operator it belongs to, -1 for the network's outputs
  const Operator* op = nullptr;          // of Kind::op: what does the work, the node's operator or that of a part
  std::vector<int> inputs{}, outputs{};  // places
  bool barrier = true;                   // whether the next step needs this one's results
};

struct Blueprint {
  std::vector<Place> places;
  std::vector<Storage> storages;
  std::vector<PlannedStep> steps;
  std::vector<Order> inputs, outputs;  // row_major or channels_last: how the caller's tensors lie
  int64_t arena_bytes = 0;
  int64_t live_bytes = 0;  // the largest set of the arena's storages that are alive at one step
  int64_t own_bytes = 0;   // that each thread needs for itself
};

class BlueprintBuilder {
 public:
  BlueprintBuilder(size_t inputs, size_t outputs) {
    result_.inputs.resize(inputs, Order::row_major);
    result_.outputs.resize(outputs, Order::row_major);
  }

  // A dense tensor with storage of its own; `external` is the network's input or output that owns it, or -1.
  int new_place(const ValueType& type, const Shape& shape, Order order, const Halo& halo, Storage::Owner owner,
                int external);
  int add_place(const Place& place);
  void need_own(int64_t bytes) { result_.own_bytes = std::max(result_.own_bytes, bytes); }
  const Place& place(int index) const { return result_.places[static_cast<size_t>(index)]; }
  Storage& storage_of(int index) { return result_.storages[static_cast<size_t>(place(index).storage)]; }
  const Storage& storage_of(int index) const { return result_.storages[static_cast<size_t>(place(index).storage)]; }

  // Appends a step, after those that fill the halos of the outputs' storages for the first time.
  void add_step(PlannedStep step);
  // Appends a copy to a new place and returns that.
  int copy_of(int node, int place, Order order, const Halo& halo);
  // Says whether what follows the last step needs its results; without effect where there is no step yet.
  void set_barrier(bool barrier);

  void set_input_order(size_t index, Order order) { result_.inputs[index] = order; }
  void set_output_order(size_t index, Order order) { result_.outputs[index] = order; }

  // Plans the arena and gives the blueprint away.
  Blueprint finish();

 private:
  void touch(int place);
  void fill_halo_once(int node, int place);

  Blueprint result_;
};

}  // namespace octavo
