// What the kernels of exact Winograd convolution are told: plain data, shared by every instruction set.
//
// A tile of m x n outputs (1 to 4 each way) of a 3 x 3 convolution comes from (m+2) x (n+2) points: the window's bytes
// are transformed to 16-bit integers, multiplied with the transformed weights, summed over input channels modulo 2^32,
// and transformed back to 576 times the accumulators. docs/winograd.md derives the matrices and proves that they are
// exact.
//
// Points come in the order 0, 1, infinity, -1, 2, -2 along each axis: a tile of m outputs takes the first m + 2.
#pragma once

#include <cstdint>

#include "kernels/conv/conv.h"
#include "kernels/kernel_table.h"

namespace octavo {

inline constexpr int kWinogradPoints = 6;            // along an axis, for the largest tile
inline constexpr int kWinogradMost = 4;              // outputs of the largest tile along an axis
inline constexpr int kWinogradRows = 2;              // of points whose columns of taps are made at once
inline constexpr int kWinogradChannels = 32;         // input channels of a chunk, output channels of a panel
inline constexpr uint32_t kInverseOf9 = 954437177u;  // modulo 2^32

// A panel's weights become points: those of row p, in every column of points. Or the first half of that, for kernels
// that make the second half while they multiply: rows p to p + kWinogradRows - 1 of points by columns of taps.
struct WinogradWeights {
  const int8_t* w = nullptr;  // [pairs][9][32][2]
  int64_t pairs = 0;          // of input channels
  int p = 0;
  int16_t* u = nullptr;  // of point (p, 0): [pairs][32][2]; or of row p: [pairs][3][32][2]
  int64_t next = 0;      // elements from one point, or row, to the next
};

// A tile's window becomes its points, in chunks of 32 input channels. What lies behind the last channel may be
// anything: no product reads it.
struct WinogradInput {
  const uint8_t* x = nullptr;   // the window's first element
  int64_t row = 0, column = 0;  // bytes from one of its rows or columns to the next
  int rows = 0, columns = 0;    // outputs of the tile
  uint8_t flip = 0;             // 0x80 where x is int8
  int64_t chunks = 0;
  int16_t* v[kWinogradPoints] = {};  // of point (0, q), for its first chunk
  int64_t v_point = 0;               // elements from point (p, q) to (p + 1, q)
  int64_t v_chunk = 0;
};

// One point of one panel, for tiles whose v lie 32 elements apart: m = start + sum of v·u, modulo 2^32.
struct WinogradProduct {
  const int16_t* v = nullptr;
  int64_t v_chunk = 0;
  const int16_t* u = nullptr;        // [pairs][32][2]
  const int16_t* columns = nullptr;  // or, in place of u, its row's columns of taps, [pairs][3][32][2],
  int q = 0;                         // and the column of points to make of them
  int64_t pairs = 0;                 // of input channels
  const int32_t* start = nullptr;    // [32]
  int32_t* m = nullptr;              // [tiles][32]
  int64_t tiles = 0;
};

// The points of a tile become its outputs.
struct WinogradOutput {
  const int32_t* m[kWinogradPoints] = {};  // of point (0, q)
  int64_t m_point = 0;                     // elements from point (p, q) to (p + 1, q)
  int rows = 0, columns = 0;
  const float* multiplier = nullptr;  // [32], 1/64 of the layer's
  uint8_t* y = nullptr;
  int64_t y_row = 0, y_column = 0;    // bytes
  const uint8_t* residual = nullptr;  // or null
  int64_t residual_row = 0, residual_column = 0;
  int64_t channels = 0;  // how many of the 32 exist; nothing is written past them
  const ConvOutput* out = nullptr;
};

struct WinogradKernel {
  void (*weights_to_points)(const WinogradWeights& weights);
  void (*weights_to_columns)(const WinogradWeights& weights);  // null where `multiply` takes points alone
  void (*transform_input)(const WinogradInput& input);
  void (*multiply)(const WinogradProduct& product);
  void (*transform_output)(const WinogradOutput& output);
};

extern const WinogradKernel kWinogradReference;
extern const WinogradKernel kWinogradAvx2;
extern const WinogradKernel kWinogradAvx512Vnni;

inline constexpr KernelTable<const WinogradKernel*> kWinogradKernels{
    {{Isa::reference, &kWinogradReference}, {Isa::avx2, &kWinogradAvx2}, {Isa::avx512_vnni, &kWinogradAvx512Vnni}}};

}  // namespace octavo
