// Products of up to 32 rows by 16 or 32 outputs in matrix registers (tiles.h): what convolution and row_linear share.
// Everything has internal linkage.
//
// Registers 0 to 3 are sums (of the first rows by 16 outputs each, then of the others), 4 and 5 rows, 6 and 7 weights.
// So each load serves two multiplications. 64 bytes of a row go at once. Weights lie in memory as registers want them:
// 16 rows of 4 bytes for each output.
#pragma once

#include <cstdint>

#include "kernels/thread_registers.h"
#include "kernels/tiles.h"
#include "kernels/unroll.h"

namespace octavo {
namespace {

constexpr int kTileLanes = kTileBytes / 4;

// The rows of a tile in two parts of up to 16, the second perhaps empty: a register each.
struct TileParts {
  int first = 0, others = 0;

  bool has_others() const { return others != 0; }
  int all() const { return first + others; }
};

inline TileParts halves_of(int rows) {
  return rows > kTileRows ? TileParts{(rows + 1) / 2, rows / 2} : TileParts{rows, 0};
}

// 64 bytes of each row of a part.
struct TileOperand {
  const uint8_t* x = nullptr;
  int64_t stride = 0;  // bytes from a row to the next
};

// All registers are set up, those of an empty part too. Only where the thread does not have them so: it makes them 0.
template <class Tiles>
void set_up(ThreadRegisters& thread, const TileParts& parts) {
  const int64_t shape = 2 * kTileRows * parts.first + parts.others;
  if (thread.shape == shape) return;
  TileConfig config;
  for (int t = 0; t < kTileRegisters; ++t) {
    config.row_bytes[t] = kTileBytes;
    config.rows[t] = kTileRows;
    if (t >= 6) continue;
    const bool is_first = t < 4 ? t < 2 : t == 4;
    const int rows = is_first ? parts.first : parts.others;
    config.rows[t] = static_cast<uint8_t>(rows == 0 ? 1 : rows);
  }
  Tiles::configure(config);
  thread.shape = shape;
  thread.release = Tiles::release;
}

// Adds the products of 64 bytes of each row by 16 NV outputs to the sums; returns where the next weights are.
template <class Tiles, int NV>
[[gnu::always_inline]] inline const int8_t* multiply_step(const TileParts& parts, const TileOperand& first,
                                                          const TileOperand& others, const int8_t* w) {
  constexpr int64_t kRowBytes = NV * kTileBytes;  // of weights
  Tiles::template load<4>(first.x, first.stride);
  if (parts.has_others()) Tiles::template load<5>(others.x, others.stride);
  unroll<NV>([&](auto v) [[gnu::always_inline]] {
    Tiles::template load<6 + v>(w + v * kTileBytes, kRowBytes);
    Tiles::template dpbusd<v, 4, 6 + v>();
    if (parts.has_others()) Tiles::template dpbusd<2 + v, 5, 6 + v>();
  });
  return w + kTileRows * kRowBytes;
}

// Writes the sums of all rows, 16 NV a row.
template <class Tiles, int NV>
[[gnu::always_inline]] inline void store_sums(const TileParts& parts, int32_t (*to)[NV * kTileLanes]) {
  unroll<NV>([&](auto v) [[gnu::always_inline]] {
    Tiles::template store<v>(to[0] + kTileLanes * v, sizeof to[0]);
    if (parts.has_others()) Tiles::template store<2 + v>(to[parts.first] + kTileLanes * v, sizeof to[0]);
  });
}

}  // namespace
}  // namespace octavo
