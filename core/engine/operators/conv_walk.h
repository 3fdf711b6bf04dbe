// How the tiles of a layer are walked and shared out over threads: choices of speed alone, by name.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace octavo {

struct ConvWalk {
  // pixels_once: every panel for a tile before the next tile. weights_once: every tile for a panel before the next
  // panel. blocks: some tiles for a panel before the next panel; few where the weights stay in the second-level cache,
  // else as many as leave what they read in part of it.
  enum class Order { blocks, pixels_once, weights_once };
  // What threads share: pixels, panels, or whatever mixture the cost model finds.
  enum class Split { best, pixels, panels };

  Order order = Order::blocks;
  Split split = Split::best;

  // The walk of that name, "" the plain one, which the cost model decides; nothing where the name is another.
  static std::optional<ConvWalk> named(std::string_view name);

  // The names of walks that could differ in speed from the plain one, for a layer of that many panels.
  static std::vector<std::string> names(int64_t panels, int threads);
};

// Bytes of the second-level cache that blocks may fill: half of it.
int64_t conv_block_bytes();

}  // namespace octavo
