#include "engine/operators/conv_walk.h"

#include <unistd.h>

#include <algorithm>

namespace octavo {
namespace {

struct NamedOrder {
  const char* name;
  ConvWalk::Order order;
};
constexpr NamedOrder kOrders[] = {
    {"", ConvWalk::Order::blocks},
    {"pixels_once", ConvWalk::Order::pixels_once},
    {"weights_once", ConvWalk::Order::weights_once},
};

struct NamedSplit {
  const char* name;
  ConvWalk::Split split;
};
constexpr NamedSplit kSplits[] = {
    {"", ConvWalk::Split::best},
    {"split_pixels", ConvWalk::Split::pixels},
    {"split_panels", ConvWalk::Split::panels},
};

std::string joined(const NamedOrder& order, const NamedSplit& split) {
  const std::string first = order.name, second = split.name;
  return first + (first.empty() || second.empty() ? "" : " ") + second;
}

}  // namespace

std::optional<ConvWalk> ConvWalk::named(std::string_view name) {
  for (const NamedOrder& order : kOrders)
    for (const NamedSplit& split : kSplits)
      if (joined(order, split) == name) return ConvWalk{order.order, split.split};
  return {};
}

std::vector<std::string> ConvWalk::names(int64_t panels, int threads) {
  std::vector<std::string> names;
  if (panels == 1) return names;
  for (const NamedOrder& order : kOrders)
    for (const NamedSplit& split : kSplits)
      if ((threads > 1 || split.split == Split::best) && !joined(order, split).empty())
        names.push_back(joined(order, split));
  return names;
}

int64_t conv_block_bytes() {
  static const int64_t bytes = [] {
    int64_t cache = 0;
#if defined(_SC_LEVEL2_CACHE_SIZE)
    cache = sysconf(_SC_LEVEL2_CACHE_SIZE);
#endif
    return std::max<int64_t>(cache, 512 * 1024) / 2;  // what is not told: the smallest of today
  }();
  return bytes;
}

}  // namespace octavo
