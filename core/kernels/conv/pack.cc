#include "kernels/conv/pack.h"

#include <algorithm>
#include <bit>

namespace octavo {
namespace {

// The widest panel that `channels` rounded up to whole vectors fill, of the first instruction set that has any.
const ConvRow* row_for(Isa isa, int64_t channels, bool plain) {
  constexpr int64_t kLanes = 16;
  const ConvRow* best = nullptr;
  for (;; isa = fallback_of(isa)) {
    for (const ConvRow& row : conv_rows()) {
      if (row.isa != isa || row.group != 0 || (row.only_plain && !plain)) continue;
      if (best == nullptr || row.nr < channels + kLanes) best = &row;
    }
    if (best != nullptr) return best;
  }
}

// The channel of a panel that `lane` holds.
int channel_of(const ConvRow& row, int lane) {
  return row.in_blocks ? lane % 16 / 4 * 16 + lane / 16 * 4 + lane % 4 : lane;
}

// The kernel for groups of that size, or null.
const ConvRow* row_for_groups(Isa isa, const ConvSizes& sizes, bool plain) {
  for (const ConvRow& row : conv_rows())
    if (row.isa == isa && sizes.groups > 1 && row.group == sizes.ic && row.group == sizes.oc / sizes.groups &&
        sizes.oc % row.nr == 0 && (plain || !row.only_plain))
      return &row;
  return nullptr;
}

// Narrow groups share a panel: their weights lie on its diagonal, the rest of it is zero. Returns how many.
int64_t groups_in_panel(const ConvSizes& sizes) {
  constexpr int64_t kLanes = 16;
  int64_t count = std::max<int64_t>(1, kLanes / (sizes.oc / sizes.groups));
  while (sizes.groups % count != 0) --count;
  return count;
}

class Packer {
 public:
  Packer(Isa isa, const ConvSizes& sizes, const ConvConstants& constants, bool plain)
      : isa_(isa),
        sizes_(sizes),
        constants_(constants),
        plain_(plain),
        groups_row_(row_for_groups(isa, sizes, plain)),
        merged_(groups_row_ == nullptr ? groups_in_panel(sizes) : groups_row_->nr / sizes.ic) {}

  PackedConv pack() {
    PackedConv packed;
    packed.segments = sizes_.kh * (sizes_.joined ? 1 : sizes_.kw);
    packed.steps = (segment_size() + 3) / 4;
    packed.mr = kConvMaxRows;
    const int64_t channels = sizes_.oc / sizes_.groups * merged_;
    for (int64_t begin = 0; begin < sizes_.oc; begin += channels) {
      for (int64_t at = begin; at < begin + channels;) {
        const ConvRow* row = groups_row_ != nullptr ? groups_row_ : row_for(isa_, begin + channels - at, plain_);
        add_panel(packed, {.row = row,
                           .x_offset = begin / channels * merged_ * sizes_.ic,
                           .channel = at,
                           .channels = std::min<int64_t>(row->nr, begin + channels - at)});
        at += row->nr;
      }
    }
    return packed;
  }

 private:
  int64_t segment_size() const { return (sizes_.joined ? sizes_.kw : 1) * sizes_.ic * merged_; }

  void add_panel(PackedConv& packed, ConvPanel panel) {
    const ConvRow& row = *panel.row;
    packed.mr = std::min(packed.mr, row.mr);
    panel.weight = static_cast<int64_t>(packed.weight.size()) * 64;
    panel.lane = static_cast<int64_t>(packed.bias.size());
    const int64_t bytes = packed.segments * (row.group != 0 ? row.group : packed.steps * 4) * row.nr;
    packed.weight.resize(packed.weight.size() + static_cast<size_t>((bytes + 63) / 64));
    int8_t* weight = reinterpret_cast<int8_t*>(packed.weight.data()) + panel.weight;  // a kernel may have no taps
    for (int lane = 0; lane < row.nr; ++lane) {
      const int64_t o = panel.channel + channel_of(row, lane);
      const bool exists = o < panel.channel + panel.channels;
      packed.bias.push_back(exists ? start(o, row) : 0);
      packed.multiplier.push_back(exists ? constants_.multiplier[static_cast<size_t>(o)] : 0.0f);
      if (exists) pack_lane(packed, panel, lane, weight);
    }
    packed.panels.push_back(panel);
  }

  // The weights of one output channel. Element (y, x, i) of the window is a byte of a segment.
  void pack_lane(const PackedConv& packed, const ConvPanel& panel, int lane, int8_t* panel_weight) const {
    const ConvRow& row = *panel.row;
    const int64_t o = panel.channel + channel_of(row, lane);
    const int64_t group = o / (sizes_.oc / sizes_.groups);
    const int64_t diagonal = group * sizes_.ic - panel.x_offset;
    const int64_t taps = sizes_.kh * sizes_.kw;
    const int8_t* w = constants_.weight.data() + o * sizes_.ic * taps;
    const int bits = std::countr_zero(static_cast<unsigned>(row.interleave));  // a shift: divisions would cost the most
    for (int64_t tap = 0; tap < taps; ++tap) {
      const int64_t segment = sizes_.joined ? tap / sizes_.kw : tap;
      const int64_t first = diagonal + (sizes_.joined ? tap % sizes_.kw * sizes_.ic : 0);
      if (row.group != 0) {
        int8_t* to = panel_weight + segment * row.group * row.nr;
        for (int64_t i = 0; i < sizes_.ic; ++i) to[place_in_tap(row, lane, first + i)] = w[i * taps + tap];
        continue;
      }
      for (int64_t i = 0; i < sizes_.ic; ++i) {
        const int64_t k = segment * packed.steps * 4 + first + i;
        panel_weight[(((k >> bits) * row.nr + lane) << bits) + (k & (row.interleave - 1))] = w[i * taps + tap];
      }
    }
  }

  // Where a tap's weight of a lane and of channel `in` of the panel's inputs lies in that tap, for groups.
  static int64_t place_in_tap(const ConvRow& row, int lane, int64_t in) {
    const int64_t word = in % 16 / 4, outputs = row.group / 4;
    return (word * outputs + lane / 16 % outputs) * row.nr + lane % 16 * 4 + in % 4;
  }

  // bias - (zero_point - x_zero)·Σw, modulo 2^32.
  int32_t start(int64_t o, const ConvRow& row) const {
    const int64_t count = sizes_.ic * sizes_.kh * sizes_.kw;
    uint32_t sum = 0;
    for (const int8_t w : constants_.weight.subspan(static_cast<size_t>(o * count), static_cast<size_t>(count)))
      sum += static_cast<uint32_t>(int32_t{w});
    const auto bias = static_cast<uint32_t>(constants_.bias[static_cast<size_t>(o)]);
    return static_cast<int32_t>(bias - static_cast<uint32_t>(constants_.zero_point - row.x_zero) * sum);
  }

  Isa isa_;
  const ConvSizes& sizes_;
  const ConvConstants& constants_;
  bool plain_;
  const ConvRow* groups_row_;
  int64_t merged_;
};

}  // namespace

PackedConv pack_conv(Isa isa, const ConvSizes& sizes, const ConvConstants& constants, bool plain) {
  return Packer(isa, sizes, constants, plain).pack();
}

}  // namespace octavo
