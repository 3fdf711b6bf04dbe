// Every convolution kernel there is. Selection, tests and benchmarks are all driven from this table.
#pragma once

#include <cstdint>
#include <span>

#include "kernels/conv/conv.h"
#include "kernels/isa.h"

namespace octavo {

struct ConvRow {
  Isa isa;
  int nr;                              // channels of a panel
  int mr;                              // most pixels of a tile
  int interleave;                      // a power of two: weights lie as [k / interleave][nr][interleave] int8
  const ConvFunction* run;             // run[i] computes i pixels
  const ConvStream* stream = nullptr;  // does the same, and is faster where a window is short
  // The kernel packs bytes inside 128-bit blocks: lane i of block b of vector v (of four) holds channel 16·b + 4·v + i.
  // Else lane l holds channel l.
  bool in_blocks = false;
  bool only_plain = false;  // for plain output of uint8 input alone
  // Not 0: for groups of so many channels in and out, whole panels of them. Then weights lie as
  // [tap][input word of a block][output vector of its group][nr / 4][4]; words are of four channels, blocks of 16.
  int group = 0;
  // Not 0: weights must be made safe for vpmaddubsw (pack_excess.h), so many outputs in a vector. A row of the same nr
  // that takes any weights comes before it.
  int safe_lanes = 0;
  int multiple = 1;    // bytes of all segments together, filled up with zero weights to a multiple of this
  int32_t x_zero = 0;  // what the kernel takes off every byte of x before it multiplies: 128 where it needs them signed
};

// In order of the instruction set, then of nr; those for groups last.
std::span<const ConvRow> conv_rows();

}  // namespace octavo
