// tdpbusd: 16 x 16 sums of 64 products each an instruction.
#include "kernels/amx_tiles.h"
#include "kernels/peak/peak.h"

namespace octavo {

int64_t amx::peak_macs(int64_t iterations) {
  constexpr int kChains = 4, kProducts = kTileRows * kTileRows * kTileBytes;
  TileConfig config;
  for (int t = 0; t < kTileRegisters; ++t) {
    config.rows[t] = kTileRows;
    config.row_bytes[t] = kTileBytes;
  }
  AmxTiles::configure(config);
  for (int64_t i = 0; i < iterations; ++i) {
    AmxTiles::dpbusd<0, 4, 6>();
    AmxTiles::dpbusd<1, 4, 7>();
    AmxTiles::dpbusd<2, 5, 6>();
    AmxTiles::dpbusd<3, 5, 7>();
  }
  AmxTiles::release();
  return iterations * kChains * kProducts;
}

}  // namespace octavo
