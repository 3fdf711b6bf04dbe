// Tiles of up to 6 pixels x 16 channels.
//
// 12 accumulators, 1 broadcast, 1 product leave 2 of 16 registers, for weights or for the ones of a widening. Zen 4
// retires three of these instructions a cycle: 32 products of a vector take vpmaddubsw, vpmaddwd and vpaddd, so 32 a
// cycle, where 16-bit words take four and their conversions (25 a cycle without these). Measured: 30 on wide 1x1 of
// weights that are safe (excess.h), 23 of normally distributed ones, 21.5 of others, which words.h multiplies.
#include "kernels/conv/bytes.h"
#include "kernels/conv/lanes256.h"
#include "kernels/conv/words.h"

namespace octavo {

const ConvFunction kConvAvx2Words16[] = {nullptr,
                                         run_words<Lanes256, 1, 2>,
                                         run_words<Lanes256, 2, 2>,
                                         run_words<Lanes256, 3, 2>,
                                         run_words<Lanes256, 4, 2>,
                                         run_words<Lanes256, 5, 2>,
                                         run_words<Lanes256, 6, 2>};
const ConvFunction kConvAvx2Bytes16[] = {nullptr,
                                         run_bytes<Lanes256, 1, 2>,
                                         run_bytes<Lanes256, 2, 2>,
                                         run_bytes<Lanes256, 3, 2>,
                                         run_bytes<Lanes256, 4, 2>,
                                         run_bytes<Lanes256, 5, 2>,
                                         run_bytes<Lanes256, 6, 2>};

}  // namespace octavo
