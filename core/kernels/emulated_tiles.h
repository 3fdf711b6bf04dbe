// Tiles (tiles.h) in memory: what AMX's instructions mean, on any processor. Where the processor would refuse an
// instruction, so does this: the program ends. Everything has internal linkage.
#pragma once

#include <cstdint>
#include <cstring>

#include "kernels/tiles.h"

namespace octavo {
namespace {

// The matrix registers of a thread.
class TileFile {
 public:
  void configure(const TileConfig& config) {
    require(config.palette == 1 && config.start_row == 0);
    for (const uint8_t byte : config.reserved) require(byte == 0);
    for (int t = 0; t < 16; ++t) {
      require(config.rows[t] <= kTileRows && config.row_bytes[t] <= kTileBytes);
      require((config.rows[t] == 0) == (config.row_bytes[t] == 0));
      require(t < kTileRegisters || config.rows[t] == 0);
    }
    config_ = config;
    std::memset(byte_, 0, sizeof byte_);
  }
  void release() { config_ = kReleased; }

  void load(int t, const void* base, int64_t stride) {
    require(is_configured(t));
    zero(t);
    for (int row = 0; row < config_.rows[t]; ++row)
      std::memcpy(byte_[t][row], static_cast<const uint8_t*>(base) + row * stride, config_.row_bytes[t]);
  }
  void zero(int t) {
    require(is_configured(t));
    std::memset(byte_[t], 0, sizeof byte_[t]);
  }
  void store(int t, void* base, int64_t stride) const {
    require(is_configured(t));
    for (int row = 0; row < config_.rows[t]; ++row)
      std::memcpy(static_cast<uint8_t*>(base) + row * stride, byte_[t][row], config_.row_bytes[t]);
  }

  void dpbusd(int c, int a, int b) {
    require(is_configured(c) && is_configured(a) && is_configured(b));
    require(c != a && a != b && b != c);
    require(config_.row_bytes[c] % 4 == 0 && config_.row_bytes[a] % 4 == 0 && config_.row_bytes[b] % 4 == 0);
    require(config_.rows[c] == config_.rows[a] && config_.row_bytes[c] == config_.row_bytes[b]);
    require(config_.row_bytes[a] / 4 == config_.rows[b]);
    const int words = config_.rows[b];
    int16_t weight[kTileBytes][kLanes];  // those past the configured bytes are zeros, as all of the register there
    for (int k = 0; k < words; ++k)
      for (int n = 0; n < kLanes; ++n)
        for (int i = 0; i < 4; ++i) weight[4 * k + i][n] = static_cast<int8_t>(byte_[b][k][4 * n + i]);
    for (int m = 0; m < config_.rows[c]; ++m) {
      uint32_t sum[kLanes];
      std::memcpy(sum, byte_[c][m], sizeof sum);
      for (int k = 0; k < 4 * words; ++k)
        for (int n = 0; n < kLanes; ++n) sum[n] += static_cast<uint32_t>(int32_t{byte_[a][m][k]} * weight[k][n]);
      std::memcpy(byte_[c][m], sum, sizeof sum);
    }
  }

 private:
  static constexpr int kLanes = kTileBytes / 4;
  static constexpr TileConfig kReleased = {.palette = 0};

  static void require(bool holds) {
    if (!holds) __builtin_trap();
  }
  bool is_configured(int t) const { return config_.palette == 1 && config_.rows[t] != 0; }

  TileConfig config_ = kReleased;
  alignas(64) uint8_t byte_[kTileRegisters][kTileRows][kTileBytes] = {};
};

struct EmulatedTiles {
  static TileFile& file() {
    static thread_local TileFile file;
    return file;
  }
  static void configure(const TileConfig& config) { file().configure(config); }
  static void release() { file().release(); }
  template <int T>
  static void load(const void* base, int64_t stride) {
    file().load(T, base, stride);
  }
  template <int T>
  static void store(void* base, int64_t stride) {
    file().store(T, base, stride);
  }
  template <int T>
  static void zero() {
    file().zero(T);
  }
  template <int C, int A, int B>
  static void dpbusd() {
    file().dpbusd(C, A, B);
  }
};

}  // namespace
}  // namespace octavo
