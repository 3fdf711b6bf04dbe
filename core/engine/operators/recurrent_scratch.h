// How a recurrent layer's step uses its scratch memory.
#pragma once

#include <cstdint>

#include "engine/operators/recurrent_layer.h"
#include "engine/tensor.h"

namespace octavo {

// Threads that share so few rows quantize each all of them, into memory of its own: no barrier, no waiting.
inline constexpr int64_t kPrivateCopies = 4;

// Rows in 8 bits with their qparams, in copies; in bytes from the start of the scratch memory.
struct RowsPlace {
  int64_t levels = 0, levels_bytes = 0;
  int64_t qparams = 0, qparams_bytes = 0;
};

struct RecurrentScratch {
  RecurrentScratch(const RecurrentLayer& layer, const Shape& x);

  int64_t chunk = 0;    // time steps whose input products are made at once
  bool ahead = false;   // whether those of the next chunk are made beside the steps of one
  RowsPlace x;          // of a chunk; with `ahead` two copies, of which chunks take turns
  RowsPlace h;          // copies: of the state before a step and of the one after it, or private ones
  RowsPlace projected;  // private copies of what is projected
  int64_t from_x = 0;   // [chunk * n, blocks * block_width] floats; copies as of x
  int64_t from_x_bytes = 0;
  int64_t unprojected = 0;  // [n, hidden] floats
  int64_t bytes = 0;

 private:
  int64_t take(int64_t size);
  RowsPlace take_rows(int64_t rows, int64_t row_bytes, int64_t copies);
};

}  // namespace octavo
