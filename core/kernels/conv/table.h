// Every convolution kernel there is. Selection, tests and benchmarks are all driven from this table.
#pragma once

#include <cstdint>
#include <span>

#include "kernels/conv/conv.h"
#include "kernels/isa.h"

namespace octavo {

struct ConvRow {
  Isa isa;
  int nr;                   // channels of a panel
  int mr;                   // most pixels of a tile
  int interleave;           // weights lie as [k / interleave][nr][interleave] int8
  const ConvFunction* run;  // run[i] computes i pixels
};

// In order of the instruction set, then of nr.
std::span<const ConvRow> conv_rows();

}  // namespace octavo
