// Convolution in matrix registers (kernels/tiles.h): up to 32 pixels x 16 or 32 channels.
//
// How registers are used: kernels/tile_product.h. Where the pixels lie at equal distances (in each of two parts, so
// that a tile may go on in the next line of an image) and 64 bytes of their windows side by side, they are loaded from
// where they are; else they are gathered in memory first.
//
// Its speed has not been measured: docs/decisions/0015.
#pragma once

#include "kernels/conv/avx512_vnni.h"
#include "kernels/conv/conv.h"
#include "kernels/conv/store16.h"
#include "kernels/tile_product.h"

namespace octavo {
namespace {

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

// The pixels of a tile, and how far apart they lie.
struct Pixels {
  TileParts parts;
  bool is_even;                       // each part at equal distances
  int64_t distance, others_distance;  // then
};

// How many pixels from `first` on lie at equal distances.
inline int even_pixels(const uint8_t* const* x, int first, int pixels) {
  int i = first + 1;
  while (i < pixels && x[i] - x[i - 1] == x[first + 1] - x[first]) ++i;
  return i - first;
}

inline Pixels pixels_of(const ConvTile& tile, int pixels) {
  const int even = even_pixels(tile.x, 0, pixels);
  const auto distance = [&](int first, int count) { return count < 2 ? 0 : tile.x[first + 1] - tile.x[first]; };
  const auto split = [&](const TileParts& parts, bool is_even) {
    return Pixels{parts, is_even, distance(0, parts.first), distance(parts.first, parts.others)};
  };
  if (even == pixels) return split(halves_of(pixels), true);
  if (even <= kTileRows && pixels - even <= kTileRows && even_pixels(tile.x, even, pixels) == pixels - even)
    return split({even, pixels - even}, true);
  return split(halves_of(pixels), false);
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
void multiply(const ConvTile& tile, const Pixels& pixels) {
  alignas(64) uint8_t gathered[kConvMaxRows][kTileBytes];
  const TileParts& parts = pixels.parts;
  const auto* w = static_cast<const int8_t*>(tile.weight);
  for (WindowBytes window(tile); !window.is_done();) {
    TileOperand first{gathered[0], kTileBytes}, others{gathered[parts.first], kTileBytes};
    if (pixels.is_even && tile.x_flip == 0 && window.left_in_segment() >= kTileBytes) {
      first = {tile.x[0] + window.offset(), pixels.distance};
      others = {parts.has_others() ? tile.x[parts.first] + window.offset() : nullptr, pixels.others_distance};
      window.skip(kTileBytes);
    } else {
      gather(tile, window, parts.all(), gathered);
    }
    w = multiply_step<Tiles, NV>(parts, first, others, w);
  }
}

template <class Tiles, int NV>
[[gnu::noinline]] void run_pixels(const ConvTile& tile, int count) {
  const Pixels pixels = pixels_of(tile, count);
  const TileParts& parts = pixels.parts;
  set_up<Tiles>(*tile.registers, parts);
  unroll<NV>([&](auto v) [[gnu::always_inline]] {  // a distance of 0: every pixel begins with the bias
    Tiles::template load<v>(tile.bias + kTileLanes * v, 0);
    if (parts.has_others()) Tiles::template load<2 + v>(tile.bias + kTileLanes * v, 0);
  });
  multiply<Tiles, NV>(tile, pixels);
  alignas(64) int32_t sum[kConvMaxRows][NV * kTileLanes];
  store_sums<Tiles, NV>(parts, sum);
  store_tile(tile, sum[0], count, NV * kTileLanes);
}

template <class Tiles, int NV, int count>
void run(const ConvTile& tile) {
  run_pixels<Tiles, NV>(tile, count);
}

template <class Tiles, int NV>
constexpr auto tile_functions() {
  return FunctionsOfRows<ConvFunction, kConvMaxRows>([](auto i) { return run<Tiles, NV, i>; });
}

}  // namespace
}  // namespace octavo
