// The kernel for AMX, with its registers in memory.
#include "kernels/emulated_tiles.h"
#include "kernels/row_linear/tiles.h"

namespace octavo {

constexpr RowLinearKernels amx_emulated::kRowLinear = row_linear_kernels<EmulatedTiles>();

}  // namespace octavo
