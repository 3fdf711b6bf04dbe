// Matrix registers ("tiles") as kernels see them: palette 1 of AMX. Eight registers of up to 16 rows of up to 64 bytes.
//
// A kernel is written for a class Tiles and compiled for each there is: AmxTiles (amx_tiles.h), the instructions, and
// EmulatedTiles (emulated_tiles.h), plain C++ that says what they mean. T, C, A and B are numbers of registers.
//   Tiles::configure(config)         how many rows of how many bytes each has, from now on in this thread; all become 0
//   Tiles::load<T>(base, stride)     T[row] = the bytes at base + row * stride
//   Tiles::zero<T>()                 T = 0
//   Tiles::dpbusd<C, A, B>()         C[m][n] += sum over k and i < 4 of A[m][4 k + i] * B[k][4 n + i], modulo 2^32:
//                                    A uint8, B int8, C int32
//   Tiles::store<T>(base, stride)    the bytes at base + row * stride = T[row]
//   Tiles::release()                 no register holds anything: what a thread does before it goes on to other work
#pragma once

#include <cstdint>

namespace octavo {

inline constexpr int kTileRegisters = 8, kTileRows = 16, kTileBytes = 64;

// As the processor reads it. A register that is not used has no rows and no bytes.
struct alignas(64) TileConfig {
  uint8_t palette = 1;
  uint8_t start_row = 0;
  uint8_t reserved[14] = {};
  uint16_t row_bytes[16] = {};
  uint8_t rows[16] = {};
};
static_assert(sizeof(TileConfig) == 64);

}  // namespace octavo
