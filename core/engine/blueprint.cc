#include "engine/blueprint.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace octavo {

int BlueprintBuilder::new_place(const ValueType& type, const Shape& shape, Order order, const Halo& halo,
                                Storage::Owner owner, int external) {
  Place place;
  place.tensor.type = type;
  place.tensor.shape = shape;
  place.halo = halo;
  Storage storage;
  storage.owner = owner;
  storage.external = external;
  storage.lifetime.bytes = dense_strides(shape, type.dtype, order, halo, place.tensor.stride, &place.offset);
  storage.lifetime.first = std::numeric_limits<int>::max();
  storage.lifetime.last = -1;
  place.storage = static_cast<int>(result_.storages.size());
  storage.root = static_cast<int>(result_.places.size());
  result_.storages.push_back(storage);
  return add_place(place);
}

int BlueprintBuilder::add_place(const Place& place) {
  result_.places.push_back(place);
  return static_cast<int>(result_.places.size()) - 1;
}

void BlueprintBuilder::add_step(PlannedStep step) {
  for (const int place : step.outputs) fill_halo_once(step.node, place);
  for (const int place : step.inputs) touch(place);
  for (const int place : step.outputs) touch(place);
  result_.steps.push_back(std::move(step));
}

int BlueprintBuilder::copy_of(int node, int place, Order order, const Halo& halo) {
  const Tensor tensor = result_.places[place].tensor;
  const int copy = new_place(tensor.type, tensor.shape, order, halo, Storage::Owner::arena, -1);
  add_step({.kind = PlannedStep::Kind::copy, .node = node, .inputs = {place}, .outputs = {copy}});
  return copy;
}

void BlueprintBuilder::set_barrier(bool barrier) {
  if (!result_.steps.empty()) result_.steps.back().barrier = barrier;
}

Blueprint BlueprintBuilder::finish() {
  std::vector<Lifetime> lifetimes;
  for (const Storage& storage : result_.storages)
    if (storage.owner == Storage::Owner::arena) lifetimes.push_back(storage.lifetime);
  result_.arena_bytes = plan_arena(lifetimes);
  result_.live_bytes = largest_live_set(lifetimes);
  size_t next = 0;
  for (Storage& storage : result_.storages)
    if (storage.owner == Storage::Owner::arena) storage.lifetime = lifetimes[next++];
  return std::move(result_);
}

void BlueprintBuilder::touch(int place) {
  Lifetime& lifetime = storage_of(place).lifetime;
  const int now = static_cast<int>(result_.steps.size());
  lifetime.first = std::min(lifetime.first, now);
  lifetime.last = std::max(lifetime.last, now);
}

// The halo belongs to the whole storage, so it is filled before the first of its parts is written.
void BlueprintBuilder::fill_halo_once(int node, int place) {
  const Place& written = result_.places[place];
  Storage& storage = result_.storages[written.storage];
  if (storage.halo_filled || is_empty(written.halo)) return;
  storage.halo_filled = true;
  Place whole = result_.places[storage.root];
  whole.tensor.type = written.tensor.type;
  const int filled = add_place(whole);
  touch(filled);
  result_.steps.push_back({.kind = PlannedStep::Kind::fill_halo, .node = node, .outputs = {filled}, .barrier = false});
}

}  // namespace octavo
