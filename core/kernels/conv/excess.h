// Weights for vpmaddubsw, which adds two products in 16 bits and saturates: plain data, shared by packing and kernels.
//
// Two weights of a lane that meet bytes 2 k and 2 k + 1 of a pixel are safe where the positive ones sum to 128 at most
// and the negative ones to -128 at least: 255 * 128 < 2^15. What a pair has beyond that is taken from its weights and
// kept apart. Words (four bytes of a pixel) with such an excess are listed for each vector of lanes in turn, in groups
// whose sums are safe together, so that a group takes one widening:
//
//   int32 groups, then for each group int32 word[kExcessGroup], int8 weight[kExcessGroup][lanes][4]
//
// Words are numbered as the kernel meets them, ascending; a group may end in words of zeros.
#pragma once

#include <cstdint>

namespace octavo {

inline constexpr int kSafeSum = 128;
inline constexpr int kExcessGroup = 4;

}  // namespace octavo
