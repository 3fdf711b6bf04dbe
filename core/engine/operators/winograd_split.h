// How threads divide a Winograd convolution among them.
#pragma once

#include "engine/operators/winograd_tiles.h"

namespace octavo {

// Groups of threads take rows of tiles, and the threads of a group panels of their outputs: how many threads a group
// has, by what the slowest one takes. Nothing that a thread makes on the way is another's, so each one of a group
// transforms all of the group's inputs, and each that multiplies a panel the weights of it that are not kept.
int winograd_threads_across(const WinogradTiles& tiles, const PackedWinograd& packed, int threads);

}  // namespace octavo
