// Where in one block of memory each storage lies, so that storages alive at the same time never overlap.
#pragma once

#include <cstdint>
#include <span>

namespace octavo {

struct Lifetime {
  int64_t bytes = 0;
  int first = 0;  // the step that first writes it
  int last = 0;   // the step that last reads it
  int64_t offset = 0;
};

// The most bytes that are alive at one step, each storage rounded up to a multiple of 64: no block can be smaller.
int64_t largest_live_set(std::span<const Lifetime> storages);

// Sets the offsets (multiples of 64) and returns the size of the whole block. Largest first, each at the lowest gap
// that holds it; while that takes more than the largest live set, some times anew with what came to lie highest first.
int64_t plan_arena(std::span<Lifetime> storages);

}  // namespace octavo
