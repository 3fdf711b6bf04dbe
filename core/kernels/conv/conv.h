// What a convolution micro-kernel is told: plain data, shared by every instruction set.
//
// A convolution is, for each output pixel, a few dot products over contiguous bytes ("segments": the rows of the window
// where its pixels lie side by side, else its single pixels). A kernel computes a tile of mr pixels by nr output
// channels; pixels come as pointers, so rows, strides, batches and the rows of a linear layer all look the same to it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/thread_registers.h"

namespace octavo {

// A value is held below this before it becomes an integer: far outside any clamp.
inline constexpr float kConvLimit = 1073741824.0f;

// How accumulators become output values: fixed for a layer. Bytes are handled as uint8 throughout; int8 values are the
// same bytes with the top bit flipped and a zero_point that is 128 higher. Each value fills a vector, so that a kernel
// can use it from memory: beside the accumulators there are no registers left.
struct alignas(64) ConvOutput {
  uint8_t clamp_min[64] = {};
  uint8_t clamp_max[64] = {};
  uint8_t flip[64] = {};  // 0x80 where y is int8
  int16_t zero_point[32] = {};
  int32_t zero_point32[16] = {};
  int32_t residual_flip[16] = {};
  int32_t residual_zero_point[16] = {};
  float residual_multiplier[16] = {};
  float residual_start[16] = {};  // 2^23 + residual_zero_point
  float limit[16] = {};           // kConvLimit
  // No flips, and no value reaches the limit: a kernel may leave both out.
  bool is_plain = false;
  bool is_bare = false;   // zero_point, clamp_min and clamp_max are those of a saturating pack: 0, 0 and 255
  bool is_float = false;  // y = float(acc) * multiplier, no residual, no clamp
};

struct ConvTile {
  const uint8_t* const* x = nullptr;  // one pointer a pixel: where its window begins
  int64_t x_offset = 0;               // bytes added to each of them: the channels of a group
  uint8_t x_flip = 0;                 // 0x80 where x is int8
  const int64_t* segment = nullptr;   // byte offset of each segment from the window's beginning
  int64_t segments = 0;
  int64_t steps = 0;                  // length of a segment in steps of four bytes
  const void* weight = nullptr;       // packed as the kernel's row in the table says
  const int8_t* excess = nullptr;     // what was taken from the weights; see excess.h
  const int32_t* bias = nullptr;      // [nr] bias - (zero_point - x_zero) * sum(weight); see ConvRow
  const float* multiplier = nullptr;  // [nr]
  uint8_t* const* y = nullptr;        // one pointer a pixel
  int64_t y_offset = 0;
  const uint8_t* const* residual = nullptr;  // one pointer a pixel, or null
  int64_t residual_offset = 0;
  int64_t channels = 0;  // how many of the nr channels exist; nothing is written past them
  const ConvOutput* out = nullptr;
  ThreadRegisters* registers = nullptr;  // never null in a run
  // For a ConvStream alone.
  int64_t pixels = 0;
  const int64_t* step = nullptr;  // byte offset of each step of all segments from the window's beginning
  int64_t all_steps = 0;
};

using ConvFunction = void (*)(const ConvTile& tile);

inline constexpr int kConvMaxRows = 32;

// A kernel for any multiple of `pixels`, one tile after the other, of windows of at least `least_steps` in all.
struct ConvStream {
  ConvFunction run = nullptr;
  int pixels = 0;
  int64_t least_steps = 0;
};

// Element [i] computes a tile of i pixels.
extern const ConvFunction kConvReference16[];
extern const ConvFunction kConvAvx2Words16[];
extern const ConvFunction kConvAvx2Bytes16[];
extern const ConvFunction kConvAvxVnni16[];
extern const ConvFunction kConvAvx512Words16[];
extern const ConvFunction kConvAvx512Words32[];
extern const ConvFunction kConvAvx512Bytes16[];
extern const ConvFunction kConvAvx512Bytes32[];
extern const ConvFunction kConvAvx512Vnni256x16[];
extern const ConvFunction kConvAvx512Vnni16[];
extern const ConvFunction kConvAvx512Vnni32[];
extern const ConvFunction kConvAvx512Vnni48[];
extern const ConvFunction kConvAvx512Vnni64[];
extern const ConvStream kConvAvx512VnniStream16, kConvAvx512VnniStream32, kConvAvx512VnniStream48,
    kConvAvx512VnniStream64;
extern const ConvFunction kConvAvx512VnniGroups4[];
extern const ConvFunction kConvAvx512VnniGroups8[];
extern const ConvFunction kConvAvx512VnniGroups16[];
extern const ConvFunction* const kConvAmx16;
extern const ConvFunction* const kConvAmx32;
extern const ConvFunction* const kConvAmxEmulated16;
extern const ConvFunction* const kConvAmxEmulated32;
extern const ConvFunction kConvNeon16[];
extern const ConvFunction kConvNeonDotprod16[];
extern const ConvFunction kConvNeonI8mm16[];

}  // namespace octavo
