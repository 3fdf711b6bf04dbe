#include "engine/arena.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace octavo {

namespace {

int64_t room_of(const Lifetime& storage) { return (storage.bytes + 63) / 64 * 64; }

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
  std::vector<Lifetime*> by_size;
  for (Lifetime& storage : storages) by_size.push_back(&storage);
  std::stable_sort(by_size.begin(), by_size.end(),
                   [](const Lifetime* a, const Lifetime* b) { return a->bytes > b->bytes; });

  int64_t total = 0;
  std::vector<Lifetime*> placed;  // in order of offset
  for (Lifetime* storage : by_size) {
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

}  // namespace octavo
