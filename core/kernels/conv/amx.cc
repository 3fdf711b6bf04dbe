// Tiles in the registers of AMX.
#include "kernels/amx_tiles.h"
#include "kernels/conv/tiles.h"

namespace octavo {
namespace {

constexpr TileFunctions<AmxTiles, 1> kFunctions16;
constexpr TileFunctions<AmxTiles, 2> kFunctions32;

}  // namespace

const ConvFunction* const kConvAmx16 = kFunctions16.of;
const ConvFunction* const kConvAmx32 = kFunctions32.of;

}  // namespace octavo
