// The kernel for AMX, with its registers in memory.
#include "kernels/conv/tiles.h"
#include "kernels/emulated_tiles.h"

namespace octavo {
namespace {

constexpr TileFunctions<EmulatedTiles, 1> kFunctions16;
constexpr TileFunctions<EmulatedTiles, 2> kFunctions32;

}  // namespace

const ConvFunction* const kConvAmxEmulated16 = kFunctions16.of;
const ConvFunction* const kConvAmxEmulated32 = kFunctions32.of;

}  // namespace octavo
