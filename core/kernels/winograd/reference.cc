// The meaning of exact Winograd convolution in plain C++: its matrices, and products with them one element at a time.
#include <cmath>
#include <cstdint>
#include <cstring>

#include "kernels/winograd/winograd.h"

namespace octavo {
namespace {

constexpr int kPoints = kWinogradPoints, kMost = kWinogradMost, kChannels = kWinogradChannels;
constexpr int kTaps = 3;

// For tiles of 1 to 4 outputs: each point as a sum over the elements of the window.
constexpr int32_t kInput[kMost][kPoints][kPoints] = {
    {{4, -4}, {0, 6}, {0, -1, 1}},
    {{4, 0, -4}, {0, 3, 3}, {0, -1, 0, 1}, {0, -3, 3}},
    {{4, -2, -4, 2}, {0, 6, 3, -3}, {0, 2, -1, -2, 1}, {0, -2, 3, -1}, {0, -4, 0, 4}},
    {{4, 0, -5, 0, 1}, {0, 4, 4, -1, -1}, {0, 4, 0, -5, 0, 1}, {0, -4, 4, 1, -1}, {0, -2, -1, 2, 1}, {0, 2, -1, -2, 1}},
};

// 24·G: each point of the weights as a sum over the taps. That of infinity is halved; the outputs take it twice.
constexpr int32_t kWeight[kPoints][kTaps] = {{6, 0, 0}, {4, 4, 4}, {0, 0, 12}, {4, -4, 4}, {1, 2, 4}, {1, -2, 4}};

// Each output as a sum over the points.
constexpr int32_t kOutput[kMost][kMost][kPoints] = {
    {{1, 1, 2}},
    {{1, 1, 0, 1}, {0, 1, 2, -1}},
    {{1, 1, 0, 1, 1}, {0, 1, 0, -1, 2}, {0, 1, 2, 1, 4}},
    {{1, 1, 0, 1, 1, 1}, {0, 1, 0, -1, 2, -2}, {0, 1, 0, 1, 4, 4}, {0, 1, 2, -1, 8, -8}},
};

void weights_to_points(const WinogradWeights& weights) {
  constexpr int64_t kLine = 2 * kChannels;
  for (int64_t i = 0; i < weights.pairs * kLine; ++i) {
    const int8_t* w = weights.w + i / kLine * kTaps * kTaps * kLine + i % kLine;
    for (int q = 0; q < kPoints; ++q) {
      int32_t sum = 0;
      for (int tap = 0; tap < kTaps * kTaps; ++tap)
        sum += kWeight[weights.p][tap / kTaps] * kWeight[q][tap % kTaps] * w[tap * kLine];
      weights.u[q * weights.next + i] = static_cast<int16_t>(sum);
    }
  }
}

void transform_input(const WinogradInput& in) {
  const auto& down = kInput[in.rows - 1];
  const auto& across = kInput[in.columns - 1];
  for (int64_t c = 0; c < in.chunks * kChannels; ++c) {
    for (int p = 0; p < in.rows + 2; ++p) {
      for (int q = 0; q < in.columns + 2; ++q) {
        int32_t sum = 0;
        for (int i = 0; i < in.rows + 2; ++i)
          for (int j = 0; j < in.columns + 2; ++j)
            sum += down[p][i] * across[q][j] * static_cast<uint8_t>(in.x[i * in.row + j * in.column + c] ^ in.flip);
        in.v[q][p * in.v_point + c / kChannels * in.v_chunk + c % kChannels] = static_cast<int16_t>(sum);
      }
    }
  }
}

void multiply(const WinogradProduct& product) {
  for (int64_t tile = 0; tile < product.tiles; ++tile) {
    uint32_t sum[kChannels];  // modulo 2^32, where the order of a sum does not matter
    std::memcpy(sum, product.start, sizeof sum);
    const int16_t* u = product.u;
    for (int64_t k = 0; k < 2 * product.pairs; k += 2, u += 2 * kChannels) {
      const int16_t* v = product.v + k / kChannels * product.v_chunk + tile * kChannels + k % kChannels;
      for (int c = 0; c < kChannels; ++c) {
        const int32_t first = int32_t{v[0]} * u[2 * c], second = int32_t{v[1]} * u[2 * c + 1];
        sum[c] += static_cast<uint32_t>(first) + static_cast<uint32_t>(second);
      }
    }
    std::memcpy(product.m + tile * kChannels, sum, sizeof sum);
  }
}

uint8_t requantize(const ConvOutput& out, float value) {
  const float rounded = std::nearbyint(std::fmin(std::fmax(value, -kConvLimit), kConvLimit));
  const int32_t q = static_cast<int32_t>(rounded) + out.zero_point[0];
  const int32_t clamped = q < out.clamp_min[0] ? out.clamp_min[0] : q > out.clamp_max[0] ? out.clamp_max[0] : q;
  return static_cast<uint8_t>(clamped ^ out.flip[0]);
}

void store(const WinogradOutput& o, int row, int column, int64_t channel, int32_t acc64) {
  const ConvOutput& out = *o.out;
  float value = static_cast<float>(acc64) * o.multiplier[channel];
  uint8_t* y = o.y + row * o.y_row + column * o.y_column;
  if (out.is_float) {
    std::memcpy(y + 4 * channel, &value, sizeof value);
    return;
  }
  if (o.residual != nullptr) {
    const uint8_t byte = o.residual[row * o.residual_row + column * o.residual_column + channel];
    const int32_t r = byte ^ out.residual_flip[0];
    value += static_cast<float>(r - out.residual_zero_point[0]) * out.residual_multiplier[0];
  }
  y[channel] = requantize(out, value);
}

void transform_output(const WinogradOutput& o) {
  const auto& down = kOutput[o.rows - 1];
  const auto& across = kOutput[o.columns - 1];
  for (int64_t c = 0; c < o.channels; ++c) {
    for (int row = 0; row < o.rows; ++row) {
      for (int column = 0; column < o.columns; ++column) {
        uint32_t sum = 0;
        for (int p = 0; p < o.rows + 2; ++p)
          for (int q = 0; q < o.columns + 2; ++q)
            sum += static_cast<uint32_t>(down[row][p] * across[column][q]) *
                   static_cast<uint32_t>(o.m[q][p * o.m_point + c]);
        store(o, row, column, c, static_cast<int32_t>(sum * kInverseOf9));
      }
    }
  }
}

}  // namespace

const WinogradKernel kWinogradReference = {weights_to_points, nullptr, transform_input, multiply, transform_output};

}  // namespace octavo
