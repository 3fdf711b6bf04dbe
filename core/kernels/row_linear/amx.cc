// Tiles in the registers of AMX.
#include "kernels/amx_tiles.h"
#include "kernels/row_linear/tiles.h"

namespace octavo {

constexpr RowLinearKernels amx::kRowLinear = row_linear_kernels<AmxTiles>();

}  // namespace octavo
