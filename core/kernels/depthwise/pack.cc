#include "kernels/depthwise/pack.h"

#include <algorithm>

namespace octavo {
namespace {

// The narrowest block that holds the channels left, else the widest one.
int block_width(std::span<const int> widths, int64_t channels) {
  int best = widths[0];
  for (const int width : widths)
    if (width >= channels) best = width;
  return best;
}

// The channel within a block at `place`.
int channel_at(DepthwisePacking packing, int place, int width) {
  if (packing == DepthwisePacking::plain || packing == DepthwisePacking::words) return place;
  const int per_vector = width / 4;
  return place % per_vector / 4 * 16 + place / per_vector * 4 + place % 4;
}

int32_t start_of(const DepthwiseWeights& weights, DepthwisePacking packing, int64_t channel) {
  if (packing == DepthwisePacking::plain) return weights.bias[channel];
  uint32_t sum = 0;
  for (int tap = 0; tap < weights.taps; ++tap)
    sum += static_cast<uint32_t>(weights.weight[channel * weights.taps + tap]);
  return static_cast<int32_t>(static_cast<uint32_t>(weights.bias[channel]) -
                              static_cast<uint32_t>(weights.zero_point) * sum);
}

template <class Weight>
void pack_block(const DepthwiseWeights& weights, const DepthwiseKernel& kernel, const std::vector<int>& order,
                int group, const DepthwiseBlock& block, uint8_t* memory) {
  auto* bias = reinterpret_cast<int32_t*>(memory);
  auto* multiplier = reinterpret_cast<float*>(bias + block.width);
  auto* packed = reinterpret_cast<Weight*>(multiplier + block.width);
  const int groups = static_cast<int>(order.size()) / group;
  for (int place = 0; place < block.width; ++place) {
    const int within = channel_at(kernel.packing, place, block.width);
    if (within >= block.channels) continue;
    const int64_t channel = block.first + within;
    bias[place] = start_of(weights, kernel.packing, channel);
    multiplier[place] = weights.multiplier[channel];
    for (int g = 0; g < groups; ++g)
      for (int i = 0; i < group; ++i)
        if (const int tap = order[g * group + i]; tap >= 0)
          packed[(g * block.width + place) * group + i] = weights.weight[channel * weights.taps + tap];
  }
}

}  // namespace

PackedDepthwise pack_depthwise(const DepthwiseWeights& weights, const DepthwiseKernel& kernel) {
  const std::vector<int> order = kernel.tap_order(weights.taps);
  const bool words = kernel.packing == DepthwisePacking::words,
             wide = words || kernel.packing == DepthwisePacking::pairs;
  const bool plain = kernel.packing == DepthwisePacking::plain;
  // a kernel may have no taps
  const int group = plain ? std::max(1, static_cast<int>(order.size())) : words ? 1 : wide ? 2 : 4;
  PackedDepthwise packed;
  packed.tap_groups = static_cast<int>(order.size()) / group;
  size_t lines = 0;
  const size_t channel_bytes = sizeof(int32_t) + sizeof(float) + order.size() * (wide ? 2 : 1);
  for (int64_t first = 0; first < weights.channels;) {
    const int width = block_width(kernel.widths, weights.channels - first);
    const int channels = static_cast<int>(std::min<int64_t>(width, weights.channels - first));
    packed.blocks.push_back({first, channels, width, lines});
    lines += (width * channel_bytes + sizeof(PackedDepthwise::Line) - 1) / sizeof(PackedDepthwise::Line);
    first += channels;
  }
  packed.lines.resize(lines);  // zeros: the channels and taps that do not exist
  for (const DepthwiseBlock& block : packed.blocks) {
    uint8_t* memory = packed.lines[block.at].byte;
    if (wide) {
      pack_block<int16_t>(weights, kernel, order, group, block, memory);
    } else {
      pack_block<int8_t>(weights, kernel, order, group, block, memory);
    }
  }
  return packed;
}

}  // namespace octavo
