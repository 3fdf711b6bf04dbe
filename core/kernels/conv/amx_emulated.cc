// The kernel for AMX, with its registers in memory.
#include "kernels/conv/tiles.h"
#include "kernels/emulated_tiles.h"

namespace octavo {
namespace {

constexpr auto kFunctions16 = tile_functions<EmulatedTiles, 1>();
constexpr auto kFunctions32 = tile_functions<EmulatedTiles, 2>();

}  // namespace

const ConvFunction* const kConvAmxEmulated16 = kFunctions16.of;
const ConvFunction* const kConvAmxEmulated32 = kFunctions32.of;

}  // namespace octavo
