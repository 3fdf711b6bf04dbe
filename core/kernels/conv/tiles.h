// Convolution in matrix registers (kernels/tiles.h): up to 32 pixels x 16 or 32 channels.
//
// Registers 0 to 3 are sums (the first pixels by 16 channels each, then the others), 4 and 5 pixels, 6 and 7 weights.
// So each load serves two multiplications. 64 bytes of a pixel's window go at once. Where the pixels lie at equal
// distances (in each of two parts, so that a tile may go on in the next line of an image) and these bytes side by side,
// they are loaded from where they are; else they are gathered in memory first. Weights lie in memory as registers want
// them: 16 rows of 4 bytes for each channel.
//
// Its speed has not been measured: docs/decisions/0015.
#pragma once

#include "kernels/conv/avx512_vnni.h"
#include "kernels/conv/conv.h"
#include "kernels/conv/store16.h"
#include "kernels/tiles.h"

namespace octavo {
namespace {

constexpr int kTileLanes = kTileBytes / 4, kPixelRegisters = 2;

// A walk along the bytes of the window, segment by segment.
class WindowBytes {
 public:
  explicit WindowBytes(const ConvTile& tile) : tile_(tile) {}

  int64_t offset() const { return tile_.segment[segment_] + tile_.x_offset + at_; }
  int64_t left_in_segment() const { return is_done() ? 0 : 4 * tile_.steps - at_; }
  bool is_done() const { return segment_ == tile_.segments; }
  void skip(int64_t bytes) {
    at_ += bytes;
    if (at_ < 4 * tile_.steps) return;
    at_ = 0;
    ++segment_;
  }

 private:
  const ConvTile& tile_;
  int64_t segment_ = 0, at_ = 0;
};

// The pixels of a tile in two parts, the second perhaps empty: a register each.
struct Parts {
  int pixels[kPixelRegisters];
  bool is_even;  // each at equal distances
  int64_t distance[kPixelRegisters];
};

// How many pixels from `first` on lie at equal distances.
inline int even_pixels(const uint8_t* const* x, int first, int pixels) {
  int i = first + 1;
  while (i < pixels && x[i] - x[i - 1] == x[first + 1] - x[first]) ++i;
  return i - first;
}

inline Parts parts_of(const ConvTile& tile, int pixels) {
  const int even = even_pixels(tile.x, 0, pixels);
  const auto distance = [&](int first, int count) { return count < 2 ? 0 : tile.x[first + 1] - tile.x[first]; };
  const auto split = [&](int first, bool is_even) {
    return Parts{{first, pixels - first}, is_even, {distance(0, first), distance(first, pixels - first)}};
  };
  if (even == pixels) return split(pixels > kTileRows ? (pixels + 1) / 2 : pixels, true);
  if (even <= kTileRows && pixels - even <= kTileRows && even_pixels(tile.x, even, pixels) == pixels - even)
    return split(even, true);
  return split(pixels > kTileRows ? (pixels + 1) / 2 : pixels, false);
}

// All registers are set up, those of an empty part too.
template <class Tiles>
void set_up(ConvThread& thread, const Parts& parts) {
  const int64_t shape = 2 * kTileRows * parts.pixels[0] + parts.pixels[1];
  if (thread.shape == shape) return;
  TileConfig config;
  for (int t = 0; t < kTileRegisters; ++t) {
    config.row_bytes[t] = kTileBytes;
    config.rows[t] = kTileRows;
    if (t >= 6) continue;
    const int pixels = parts.pixels[t < 4 ? t / 2 : t - 4];
    config.rows[t] = static_cast<uint8_t>(pixels == 0 ? 1 : pixels);
  }
  Tiles::configure(config);
  thread.shape = shape;
  thread.release = Tiles::release;
}

// Writes the next 64 bytes of each pixel's window to `to`, zeros past its end.
inline void gather(const ConvTile& tile, WindowBytes& window, int pixels, uint8_t (*to)[kTileBytes]) {
  int64_t offset[kTileBytes / 4];
  __mmask64 kept[kTileBytes / 4];
  int pieces = 0;
  for (int64_t at = 0; at < kTileBytes && !window.is_done(); ++pieces) {
    const int64_t left = window.left_in_segment(), bytes = left < kTileBytes - at ? left : kTileBytes - at;
    offset[pieces] = window.offset() - at;
    kept[pieces] = first(bytes) << at;
    window.skip(bytes);
    at += bytes;
  }
  const __m512i flip = _mm512_set1_epi8(static_cast<char>(tile.x_flip));
  for (int i = 0; i < pixels; ++i) {
    __m512i x = _mm512_setzero_si512();
    for (int p = 0; p < pieces; ++p) x = _mm512_mask_loadu_epi8(x, kept[p], tile.x[i] + offset[p]);
    _mm512_store_si512(to[i], _mm512_xor_si512(x, flip));
  }
}

template <class Tiles, int NV>
void multiply(const ConvTile& tile, const Parts& parts) {
  alignas(64) uint8_t gathered[kConvMaxRows][kTileBytes];
  const int pixels = parts.pixels[0] + parts.pixels[1];
  const auto* w = static_cast<const int8_t*>(tile.weight);
  constexpr int64_t kRowBytes = NV * kTileBytes;  // of weights
  for (WindowBytes window(tile); !window.is_done(); w += kTileRows * kRowBytes) {
    const uint8_t *x = gathered[0], *others = gathered[parts.pixels[0]];
    int64_t distance = kTileBytes, others_distance = kTileBytes;
    if (parts.is_even && tile.x_flip == 0 && window.left_in_segment() >= kTileBytes) {
      x = tile.x[0] + window.offset();
      distance = parts.distance[0];
      others = parts.pixels[1] == 0 ? nullptr : tile.x[parts.pixels[0]] + window.offset();
      others_distance = parts.distance[1];
      window.skip(kTileBytes);
    } else {
      gather(tile, window, pixels, gathered);
    }
    Tiles::template load<4>(x, distance);
    if (parts.pixels[1] != 0) Tiles::template load<5>(others, others_distance);
    unroll<NV>([&](auto v) [[gnu::always_inline]] {
      Tiles::template load<6 + v>(w + v * kTileBytes, kRowBytes);
      Tiles::template dpbusd<v, 4, 6 + v>();
      if (parts.pixels[1] != 0) Tiles::template dpbusd<2 + v, 5, 6 + v>();
    });
  }
}

template <class Tiles, int NV>
[[gnu::noinline]] void run_pixels(const ConvTile& tile, int pixels) {
  const Parts parts = parts_of(tile, pixels);
  set_up<Tiles>(*tile.thread, parts);
  unroll<NV>([&](auto v) [[gnu::always_inline]] {  // a distance of 0: every pixel begins with the bias
    Tiles::template load<v>(tile.bias + kTileLanes * v, 0);
    if (parts.pixels[1] != 0) Tiles::template load<2 + v>(tile.bias + kTileLanes * v, 0);
  });
  multiply<Tiles, NV>(tile, parts);
  alignas(64) int32_t sum[kConvMaxRows][NV * kTileLanes];
  unroll<NV>([&](auto v) [[gnu::always_inline]] {
    Tiles::template store<v>(sum[0] + kTileLanes * v, sizeof sum[0]);
    if (parts.pixels[1] != 0) Tiles::template store<2 + v>(sum[parts.pixels[0]] + kTileLanes * v, sizeof sum[0]);
  });
  store_tile(tile, sum[0], pixels, NV * kTileLanes);
}

// What a row of the table has: of[i] computes i pixels.
template <class Tiles, int NV>
struct TileFunctions {
  ConvFunction of[kConvMaxRows + 1] = {};

  constexpr TileFunctions() { fill<kConvMaxRows>(); }

 private:
  template <int MR>
  static void run(const ConvTile& tile) {
    run_pixels<Tiles, NV>(tile, MR);
  }
  template <int MR>
  constexpr void fill() {
    if constexpr (MR > 0) {
      fill<MR - 1>();
      of[MR] = run<MR>;
    }
  }
};

}  // namespace
}  // namespace octavo
