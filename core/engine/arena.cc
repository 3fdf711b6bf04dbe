#include "engine/arena.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace octavo {

namespace {

int64_t room_of(const Lifetime& storage) { return (storage.bytes + 63) / 64 * 64; }

// Places storages one after the other, each at the lowest gap that holds it, and returns the size of the whole.
int64_t place(const std::vector<Lifetime*>& order) {
  int64_t total = 0;
  std::vector<Lifetime*> placed;  // in order of offset
  for (Lifetime* storage : order) {
    const int64_t bytes = room_of(*storage);
    int64_t offset = 0;
    for (const Lifetime* other : placed) {
      if (other->last < storage->first || other->first > storage->last) continue;
      if (other->offset >= offset + bytes) break;
      offset = std::max(offset, other->offset + room_of(*other));
    }
    storage->offset = offset;
    total = std::max(total, offset + bytes);
    placed.insert(std::upper_bound(placed.begin(), placed.end(), storage,
                                   [](const Lifetime* a, const Lifetime* b) { return a->offset < b->offset; }),
                  storage);
  }
  return total;
}

}  // namespace

int64_t largest_live_set(std::span<const Lifetime> storages) {
  int64_t largest = 0;
  for (const Lifetime& beginning : storages) {  // the set only grows where a storage begins
    int64_t bytes = 0;
    for (const Lifetime& storage : storages)
      if (storage.first <= beginning.first && storage.last >= beginning.first) bytes += room_of(storage);
    largest = std::max(largest, bytes);
  }
  return largest;
}

int64_t plan_arena(std::span<Lifetime> storages) {
  constexpr int kAttempts = 24;
  std::vector<Lifetime*> order;
  for (Lifetime& storage : storages) order.push_back(&storage);
  std::ranges::stable_sort(order, std::ranges::greater{}, [](const Lifetime* storage) { return storage->bytes; });
  const int64_t least = largest_live_set(storages);
  int64_t total = place(order), best = total;
  std::vector<Lifetime*> best_order = order;
  for (int attempt = 0; attempt < kAttempts && best > least; ++attempt) {
    const auto highest = std::ranges::find_if(
        order, [&](const Lifetime* storage) { return storage->offset + room_of(*storage) == total; });
    std::rotate(order.begin(), highest, highest + 1);
    total = place(order);
    if (total >= best) continue;
    best = total;
    best_order = order;
  }
  return total == best ? total : place(best_order);
}

}  // namespace octavo
