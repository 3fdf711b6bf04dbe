// Tiles in the registers of AMX.
#include "kernels/amx_tiles.h"
#include "kernels/conv/tiles.h"

namespace octavo {
namespace {

constexpr auto kFunctions16 = tile_functions<AmxTiles, 1>();
constexpr auto kFunctions32 = tile_functions<AmxTiles, 2>();

}  // namespace

const ConvFunction* const kConvAmx16 = kFunctions16.of;
const ConvFunction* const kConvAmx32 = kFunctions32.of;

}  // namespace octavo
