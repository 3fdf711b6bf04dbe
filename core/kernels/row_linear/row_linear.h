// A linear layer whose input is quantized row by row as it arrives: float32 in, int8 weights, float32 out.
//
// For each row of x: lo = min(0, min x), hi = max(0, max x); s = (hi - lo) * f32(1/255), inv = 1/s (s = inv = 1 where
// that is not finite); z = clamp(rne(-lo * inv), 0, 255); q = clamp(rne(x * inv) + z, 0, 255). Then
//   y[o] = f(acc - z * sum_k w[o, k]) * (s * weight_scale[o]) + bias[o],   acc = sum_k q[k] * w[o, k] exact in int32,
// each float operation rounded on its own. A row with hi - lo not finite, or with NaN in it, has s = NaN and so gives
// NaN everywhere. pack.h packs weights and multiplies whole matrices; this is what its kernels are told: plain data.
#pragma once

#include <cstdint>

#include "kernels/kernel_table.h"
#include "kernels/thread_registers.h"

namespace octavo {

// What the integers of a row stand for: real = scale * (q - zero_point).
struct RowQParams {
  float scale = 1.0f;
  int32_t zero_point = 0;
  int32_t addend = 0;  // joins every sum of the row: what a zero_point of the other factor takes off
};

// How an instruction set packs weights: in panels of nr outputs, [k / interleave][nr][interleave].
struct PanelShape {
  int nr, interleave;
};

// Most rows and outputs of any kernel's tile.
inline constexpr int kRowLinearMaxRows = 32, kRowLinearMaxOutputs = 32;

inline constexpr float kOneOver255 = 1.0f / 255.0f;

struct RowQuantization {
  const float* x = nullptr;
  int64_t x_stride = 0;  // floats from a row to the next
  int64_t rows = 0, k = 0;
  uint8_t* q = nullptr;
  int64_t q_stride = 0;  // bytes from a row to the next; all of them may be written: k rounded up to 64 or more
  RowQParams* qparams = nullptr;  // one a row
};

// A few rows by one panel of nr outputs.
struct RowLinearTile {
  // Rows of k bytes. What follows up to a multiple of four, and of RowLinearKernels::multiple, may be read: it does not
  // matter.
  const uint8_t* q = nullptr;
  int64_t q_stride = 0;
  const RowQParams* qparams = nullptr;
  int64_t k = 0;
  const int8_t* weight = nullptr;      // [k / interleave][nr][interleave], k filled up with zeros: see RowLinearKernels
  const int32_t* minus_sum = nullptr;  // [nr] -sum(w)
  const float* weight_scale = nullptr;  // [nr]
  const float* bias = nullptr;          // [nr]
  float* y = nullptr;
  int64_t y_stride = 0;                  // floats from a row to the next
  int64_t columns = 0;                   // how many of the nr outputs exist; nothing is written past them
  bool accumulates = false;              // y = y + (...) in place of y = (...)
  ThreadRegisters* registers = nullptr;  // never null in a run
};

using RowLinearFunction = void (*)(const RowLinearTile& tile);

// A tile whose product is made piece by piece.
struct RowLinearPieces {
  RowLinearTile tile{};
  int64_t at = 0;          // bytes of its rows that are done; y is there once they reach k
  int32_t* acc = nullptr;  // [rows][nr] sums of these, on a multiple of 64 bytes
};

// Multiplies one row by several panels, of which `tile` has the first and `columns` counts all, and a piece of another
// tile beside it. panel_bytes: from a panel's weights to the next one's.
using RowLinearBesideFunction = void (*)(const RowLinearTile& tile, int64_t panel_bytes, RowLinearPieces& pieces);

struct RowLinearKernels {
  int nr = 0;                              // outputs of a panel
  int mr = 0;                              // most rows of a tile
  int interleave = 0;                      // see RowLinearTile::weight
  int multiple = 1;                        // so many bytes of a row go at once: weights have zeros up to there
  const RowLinearFunction* run = nullptr;  // run[i] multiplies i rows
  // Whether a tile's k must be all that minus_sum counts. Else it may be less, where the rest of the rows is 0.
  bool takes_all = false;
  void (*quantize)(const RowQuantization& rows) = nullptr;
  // A row alone waits for its weights: time to multiply elsewhere. run_beside[i], for 1 to 4 panels, multiplies a piece
  // of beside_rows rows meanwhile, about as many products as of the row. 0: not there.
  int beside_rows = 0;
  const RowLinearBesideFunction* run_beside = nullptr;
};

namespace reference {
inline constexpr PanelShape kPanel = {16, 1};
extern const RowLinearKernels kRowLinear;
}  // namespace reference
namespace avx2 {
inline constexpr PanelShape kPanel = {16, 2};
extern const RowLinearKernels kRowLinear;
}  // namespace avx2
namespace avx512_vnni {
inline constexpr PanelShape kPanel = {32, 4};
extern const RowLinearKernels kRowLinear;
}  // namespace avx512_vnni
// In the panels of avx512_vnni.
namespace amx {
extern const RowLinearKernels kRowLinear;
}  // namespace amx
namespace amx_emulated {
extern const RowLinearKernels kRowLinear;
}  // namespace amx_emulated
namespace neon {
inline constexpr PanelShape kPanel = {16, 1};
extern const RowLinearKernels kRowLinear;
}  // namespace neon
namespace neon_dotprod {
inline constexpr PanelShape kPanel = {16, 4};
extern const RowLinearKernels kRowLinear;
}  // namespace neon_dotprod

static_assert(reference::kPanel.nr <= kRowLinearMaxOutputs && avx2::kPanel.nr <= kRowLinearMaxOutputs &&
              avx512_vnni::kPanel.nr <= kRowLinearMaxOutputs && neon::kPanel.nr <= kRowLinearMaxOutputs &&
              neon_dotprod::kPanel.nr <= kRowLinearMaxOutputs);

inline constexpr KernelTable<const RowLinearKernels*> kRowLinearKernels{
    {{Isa::reference, &reference::kRowLinear},
     {Isa::avx2, &avx2::kRowLinear},
     {Isa::avx512_vnni, &avx512_vnni::kRowLinear},
     {Isa::amx, &amx::kRowLinear},
     {Isa::amx_emulated, &amx_emulated::kRowLinear},
     {Isa::neon, &neon::kRowLinear},
     {Isa::neon_dotprod, &neon_dotprod::kRowLinear}}};

}  // namespace octavo
