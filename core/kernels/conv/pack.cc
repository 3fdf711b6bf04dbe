#include "kernels/conv/pack.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "kernels/conv/pack_excess.h"

namespace octavo {
namespace {

// The widest panel that `channels` rounded up to whole vectors fill, of the first instruction set that has any. But a
// vector that is left alone has a slow kernel: two panels of 48 and 32 rather than 64 and 16.
const ConvRow* row_for(Isa isa, int64_t channels, bool plain) {
  constexpr int64_t kLanes = 16;
  const int64_t whole = (channels + kLanes - 1) / kLanes * kLanes;
  const ConvRow* best = nullptr;
  for (;; isa = fallback_of(isa)) {
    for (const ConvRow& row : conv_rows()) {
      if (row.isa != isa || row.group != 0 || row.safe_lanes != 0 || (row.only_plain && !plain)) continue;
      const bool leaves_one = whole - row.nr == kLanes && row.nr > 2 * kLanes;
      if (best == nullptr || (row.nr <= whole && !leaves_one)) best = &row;
    }
    if (best != nullptr) return best;
  }
}

// The kernel for panels like those of `row` whose weights were made safe, or null.
const ConvRow* row_of_safe_weights(const ConvRow& row) {
  for (const ConvRow& other : conv_rows())
    if (other.isa == row.isa && other.nr == row.nr && other.safe_lanes != 0) return &other;
  return nullptr;
}

// Whether it is the faster one, as measured: where widening a word of a vector takes 1.36 of its steps, and a group of
// excess, or to begin with a vector's, 4.
bool pays_off(const ConvRow& row, const ConvExcess& excess, int64_t words) {
  return 4.0 * static_cast<double>(excess.groups + excess.vectors) <
         0.36 * static_cast<double>(words * (row.nr / row.safe_lanes));
}

// The channel of a panel that `lane` holds.
int channel_of(const ConvRow& row, int lane) {
  return row.in_blocks ? lane % 16 / 4 * 16 + lane / 16 * 4 + lane % 4 : lane;
}

// The kernel for groups of that size, of the first instruction set that has one, or null.
const ConvRow* row_for_groups(Isa isa, const ConvSizes& sizes, bool plain) {
  for (;; isa = fallback_of(isa)) {
    for (const ConvRow& row : conv_rows())
      if (row.isa == isa && sizes.groups > 1 && row.group == sizes.ic && row.group == sizes.oc / sizes.groups &&
          sizes.oc % row.nr == 0 && (plain || !row.only_plain))
        return &row;
    if (isa == Isa::reference) return nullptr;
  }
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
    for (const ConvPanel& panel : panels()) reserve(packed, panel);
    packed.weight.resize(bytes_ / 64);  // zeros: the channels and taps that do not exist
    for (ConvPanel& panel : packed.panels)
      if (!fill_safe(packed, panel)) fill(packed, panel);
    return packed;
  }

 private:
  // Which channels each panel has, and of which kernel it is.
  std::vector<ConvPanel> panels() const {
    std::vector<ConvPanel> panels;
    const int64_t channels = sizes_.oc / sizes_.groups * merged_;
    for (int64_t begin = 0; begin < sizes_.oc; begin += channels) {
      for (int64_t at = begin; at < begin + channels;) {
        const ConvRow* row = groups_row_ != nullptr ? groups_row_ : row_for(isa_, begin + channels - at, plain_);
        panels.push_back({.row = row,
                          .x_offset = begin / channels * merged_ * sizes_.ic,
                          .channel = at,
                          .channels = std::min<int64_t>(row->nr, begin + channels - at)});
        at += row->nr;
      }
    }
    return panels;
  }

  int64_t segment_size() const { return (sizes_.joined ? sizes_.kw : 1) * sizes_.ic * merged_; }

  void reserve(PackedConv& packed, ConvPanel panel) {
    const ConvRow& row = *panel.row;
    packed.mr = std::min(packed.mr, row.mr);
    panel.weight = bytes_;
    panel.lane = static_cast<int64_t>(packed.bias.size());
    bytes_ += (weight_bytes(packed, row) + 63) / 64 * 64;
    packed.bias.resize(packed.bias.size() + static_cast<size_t>(row.nr));
    packed.multiplier.resize(packed.bias.size());
    packed.panels.push_back(panel);
  }

  static int64_t weight_bytes(const PackedConv& packed, const ConvRow& row) {
    const int64_t bytes = packed.segments * (row.group != 0 ? row.group : packed.steps * 4);
    return (bytes + row.multiple - 1) / row.multiple * row.multiple * row.nr;
  }

  // Fills the panel for the kernel of safe weights, and takes that one. Where it would not be the faster one returns
  // false, and leaves zeros.
  bool fill_safe(PackedConv& packed, ConvPanel& panel) const {
    const ConvRow* row = row_of_safe_weights(*panel.row);
    if (row == nullptr || packed.segments == 0) return false;
    ConvPanel safe = panel;
    safe.row = row;
    fill(packed, safe);
    const std::span weight(reinterpret_cast<int8_t*>(packed.weight.data()) + panel.weight,
                           static_cast<size_t>(weight_bytes(packed, *row)));
    const ConvExcess excess = take_excess(weight, row->nr, row->safe_lanes);
    if (!pays_off(*row, excess, packed.segments * packed.steps)) {
      std::ranges::fill(weight, int8_t{0});
      return false;
    }
    safe.excess = static_cast<int64_t>(packed.excess.size());
    packed.excess.insert(packed.excess.end(), excess.lists.begin(), excess.lists.end());
    panel = safe;
    return true;
  }

  void fill(PackedConv& packed, const ConvPanel& panel) const {
    const ConvRow& row = *panel.row;
    int8_t* weight = reinterpret_cast<int8_t*>(packed.weight.data()) + panel.weight;  // a kernel may have no taps
    for (int lane = 0; lane < row.nr; ++lane) {
      const int64_t o = panel.channel + channel_of(row, lane);
      if (o >= panel.channel + panel.channels) continue;
      packed.bias[static_cast<size_t>(panel.lane + lane)] = start(o, row);
      packed.multiplier[static_cast<size_t>(panel.lane + lane)] = constants_.multiplier[static_cast<size_t>(o)];
      pack_lane(packed.steps * 4, panel, lane, weight);
    }
  }

  // The weights of one output channel. Element (y, x, i) of the window is a byte of a segment, which has `length`.
  void pack_lane(int64_t length, const ConvPanel& panel, int lane, int8_t* panel_weight) const {
    const ConvRow& row = *panel.row;
    const int64_t o = panel.channel + channel_of(row, lane);
    const int64_t group = o / (sizes_.oc / sizes_.groups);
    const int64_t diagonal = group * sizes_.ic - panel.x_offset;
    const int64_t taps = sizes_.kh * sizes_.kw, ic = sizes_.ic;
    const int8_t* w = constants_.weight.data() + o * ic * taps;
    for (int64_t tap = 0; tap < taps; ++tap) {
      const int64_t segment = sizes_.joined ? tap / sizes_.kw : tap;
      const int64_t first = diagonal + (sizes_.joined ? tap % sizes_.kw * ic : 0);
      if (row.group != 0) {
        int8_t* to = panel_weight + segment * row.group * row.nr;
        for (int64_t i = 0; i < ic; ++i) to[place_in_tap(row, lane, first + i)] = w[i * taps + tap];
      } else {
        pack_tap(row, w + tap, taps, lane, segment * length + first, panel_weight);
      }
    }
  }

  // Every `taps`-th byte of w becomes an element of the lane, from k on.
  void pack_tap(const ConvRow& row, const int8_t* w, int64_t taps, int lane, int64_t k, int8_t* panel_weight) const {
    const int64_t nr = row.nr, interleave = row.interleave;  // local, lest they be read again after each byte
    const int64_t end = k + sizes_.ic;
    if (interleave == 4 && k % 4 == 0) {  // whole words
      int8_t* to = panel_weight + k * nr + lane * 4;
      for (; k + 4 <= end; k += 4, w += 4 * taps, to += 4 * nr) {
        const int8_t word[4] = {w[0], w[taps], w[2 * taps], w[3 * taps]};
        std::memcpy(to, word, sizeof word);
      }
    }
    const int bits = std::countr_zero(static_cast<uint64_t>(interleave));  // a shift: divisions would cost the most
    for (; k < end; ++k, w += taps) panel_weight[(((k >> bits) * nr + lane) << bits) + (k & (interleave - 1))] = *w;
  }

  // Where a tap's weight of a lane and of channel `in` of the panel's inputs lies in that tap, for groups.
  static int64_t place_in_tap(const ConvRow& row, int lane, int64_t in) {
    const int64_t word = in % 16 / 4, outputs = row.group / 4;
    return (word * outputs + lane / 16 % outputs) * row.nr + lane % 16 * 4 + in % 4;
  }

  // bias - (zero_point - x_zero)·Σw, modulo 2^32.
  int32_t start(int64_t o, const ConvRow& row) const {
    const auto channel = static_cast<size_t>(o);
    const auto sum = static_cast<uint32_t>(constants_.sums[channel].sum);
    const auto bias = static_cast<uint32_t>(constants_.bias[channel]);
    return static_cast<int32_t>(bias - static_cast<uint32_t>(constants_.zero_point - row.x_zero) * sum);
  }

  Isa isa_;
  const ConvSizes& sizes_;
  const ConvConstants& constants_;
  bool plain_;
  const ConvRow* groups_row_;
  int64_t merged_;
  int64_t bytes_ = 0;  // of weights
};

}  // namespace

PackedConv pack_conv(Isa isa, const ConvSizes& sizes, const ConvConstants& constants, bool plain) {
  return Packer(isa, sizes, constants, plain).pack();
}

}  // namespace octavo
