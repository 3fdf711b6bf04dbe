// Values packed as the weights of row_linear while a program runs, for products of two values; plain data.
//
// An output is a row or a column of the value, k elements deep. float32 is quantized to int8, symmetric, by the largest
// magnitude of the output: s = max|x| * f32(1/127), inv = 1/s (s = inv = 1 where that is not finite),
// w = rne(x * inv), which is within [-127, 127]; an output with NaN or infinity has the scale NaN. 8-bit integers
// become w = level - 128, the level counted from quant_min.
#pragma once

#include <cstdint>

#include "kernels/kernel_table.h"
#include "kernels/row_linear/row_linear.h"

namespace octavo {

inline constexpr float kOneOver127 = 1.0f / 127.0f;

// A panel of up to nr outputs.
struct ValuePanel {
  const uint8_t* x = nullptr;
  int64_t output_stride = 0, depth_stride = 0;  // bytes from an output to the next, and along it
  int64_t outputs = 0, k = 0;
  float factor = 1.0f;            // weight_scale is s * factor, or factor where x is 8-bit
  uint32_t flip = 0;              // level = byte ^ flip
  int8_t* weight = nullptr;       // [k / interleave][nr][interleave], k rounded up with zeros; aligned to 64 bytes
  int32_t* minus_sum = nullptr;   // [nr] -sum(w)
  float* weight_scale = nullptr;  // [nr]; what outputs past the last hold does not matter, here and in the others
};

// Rows of 8-bit integers as the rows of row_linear: q = level and the addend that makes
// sum (q - zero_point) * (w - other_zero_point) of the kernel's sum.
struct LevelRows {
  const uint8_t* x = nullptr;
  int64_t x_stride = 0;  // bytes from a row to the next
  int64_t rows = 0, k = 0;
  uint32_t flip = 0;
  int32_t zero_point = 0, other_zero_point = 0;  // of levels, of w
  uint8_t* q = nullptr;
  int64_t q_stride = 0;  // k rounded up to 64 or more; all of a row may be written
  RowQParams* qparams = nullptr;
};

// The addend of a row whose levels sum up to `sum`; modulo 2^32, as all sums.
constexpr int32_t level_addend(const LevelRows& rows, int32_t sum) {
  const auto centered = static_cast<int32_t>(sum - rows.k * rows.zero_point);
  return static_cast<int32_t>(0u - static_cast<uint32_t>(rows.other_zero_point) * static_cast<uint32_t>(centered));
}

struct ValuePanelKernels {
  // Of float32, whose elements along an output (rows) or across outputs (columns) are contiguous; and of 8 bits.
  void (*float_rows)(const ValuePanel& panel) = nullptr;
  void (*float_columns)(const ValuePanel& panel) = nullptr;
  void (*level_rows)(const ValuePanel& panel) = nullptr;
  void (*level_columns)(const ValuePanel& panel) = nullptr;
  void (*copy_levels)(const LevelRows& rows) = nullptr;
};

namespace reference {
extern const ValuePanelKernels kValuePanels;
}  // namespace reference
namespace avx2 {
extern const ValuePanelKernels kValuePanels;
}  // namespace avx2
namespace avx512_vnni {
extern const ValuePanelKernels kValuePanels;
}  // namespace avx512_vnni
namespace neon {
extern const ValuePanelKernels kValuePanels;
}  // namespace neon
namespace neon_dotprod {
extern const ValuePanelKernels kValuePanels;
}  // namespace neon_dotprod

inline constexpr KernelTable<const ValuePanelKernels*> kValuePanelKernels{
    {{Isa::reference, &reference::kValuePanels},
     {Isa::avx2, &avx2::kValuePanels},
     {Isa::avx512_vnni, &avx512_vnni::kValuePanels},
     {Isa::amx, &avx512_vnni::kValuePanels},  // as all whose row_linear is their own
     {Isa::amx_emulated, &avx512_vnni::kValuePanels},
     {Isa::neon, &neon::kValuePanels},
     {Isa::neon_dotprod, &neon_dotprod::kValuePanels}}};

}  // namespace octavo
