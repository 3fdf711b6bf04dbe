// The float convolution kernels of every vector instruction set V (kernels/vector.h).
#pragma once

#include "kernels/float_conv/float_conv.h"
#include "kernels/vector.h"

namespace octavo {
namespace {

// `pixels` outputs of `vectors` * kLanes channels from channel `channel` of the block on.
template <class V, int pixels, int vectors>
inline void tile(const FloatConvRow& row, const uint8_t* x, uint8_t* y, int64_t channel) {
  using Floats = typename V::Floats;
  Floats sum[pixels][vectors];
  for (int p = 0; p < pixels; ++p)
    for (int v = 0; v < vectors; ++v) sum[p][v] = Floats(0.0f);
  const float* weight = row.weight + channel;
  for (int64_t t = 0; t < row.taps; ++t) {
    const float* tap = floats(x + row.tap[t]);
    for (int64_t c = 0; c < row.in_channels; ++c, weight += kFloatConvBlock) {
      Floats factor[vectors];
      for (int v = 0; v < vectors; ++v) factor[v] = Floats::load(weight + V::kLanes * v);
      for (int p = 0; p < pixels; ++p) {
        const Floats value(tap[p * row.x_pixel / 4 + c]);
        for (int v = 0; v < vectors; ++v) sum[p][v] = sum[p][v] + value * factor[v];
      }
    }
  }
  for (int p = 0; p < pixels; ++p)
    for (int v = 0; v < vectors; ++v) {
      const int64_t first = channel + V::kLanes * v;
      const Floats result = sum[p][v] + Floats::load(row.bias + first);
      if (row.out_channels > first) store(floats(y + p * row.y_pixel) + first, row.out_channels - first, result);
    }
}

template <class V, int pixels, int vectors>
void channels(const FloatConvRow& row, int64_t channel) {
  int64_t p = 0;
  for (; p + pixels <= row.pixels; p += pixels)
    tile<V, pixels, vectors>(row, row.x + p * row.x_pixel, row.y + p * row.y_pixel, channel);
  for (; p < row.pixels; ++p) tile<V, 1, vectors>(row, row.x + p * row.x_pixel, row.y + p * row.y_pixel, channel);
}

// In tiles of `pixels` pixels and 2 * kLanes channels.
template <class V, int pixels>
void float_conv(const FloatConvRow& row) {
  int64_t channel = 0;
  for (; channel + V::kLanes < row.out_channels; channel += 2 * V::kLanes) channels<V, pixels, 2>(row, channel);
  if (channel < row.out_channels) channels<V, pixels, 1>(row, channel);
}

template <class V>
void float_depthwise(const FloatConvRow& row) {
  using Floats = typename V::Floats;
  for (int64_t p = 0; p < row.pixels; ++p)
    for (int64_t c = 0; c < row.out_channels; c += V::kLanes) {
      const int64_t left = row.out_channels - c;
      const float* weight = row.weight + c;
      Floats sum(0.0f);
      for (int64_t t = 0; t < row.taps; ++t, weight += kFloatConvBlock) {
        const float* tap = floats(row.x + p * row.x_pixel + row.tap[t]) + c;
        sum = sum + Floats::load(tap, left) * Floats::load(weight);
      }
      store(floats(row.y + p * row.y_pixel) + c, left, sum + Floats::load(row.bias + c));
    }
}

}  // namespace
}  // namespace octavo
