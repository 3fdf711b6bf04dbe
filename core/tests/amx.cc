// Executes AMX's own instructions in the kernels written for it, on any processor with AVX512-VNNI.
//
// Where the processor does not know an instruction, amx_instructions.h executes it. So what the compiler made of
// kernels/amx_tiles.h is held to the emulated kernels and to row_linear's reference, which the tests hold to that of
// the program. With AMX, the processor executes them.
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <random>
#include <vector>

#include "engine/amx.h"
#include "engine/scoped_registers.h"
#include "kernels/conv/conv.h"
#include "kernels/peak/peak.h"
#include "kernels/row_linear/pack.h"
#include "tests/amx_instructions.h"

namespace octavo {
namespace {

// What a tile of pixels is computed from, and where it goes to.
class Case {
 public:
  Case(std::mt19937& random, int pixels, int nr) : pixels_(pixels), nr_(nr) {
    const auto draw = [&](int64_t least, int64_t most) { return std::uniform_int_distribution(least, most)(random); };
    const int64_t segments = draw(0, 4), steps = draw(0, 2) == 0 ? 16 * draw(1, 3) : draw(1, 40);
    const int64_t line = draw(1, 2 * pixels), distance = 4 * draw(1, 50);  // pixels of a line, and bytes between them
    x_.resize(static_cast<size_t>(pixels * (distance + 300) + 4 * (segments + 1) * (steps + 20)));
    for (uint8_t& byte : x_) byte = static_cast<uint8_t>(draw(0, 255));
    for (int i = 0; i < pixels; ++i) pixel_.push_back(x_.data() + i * distance + i / line * 300);
    for (int64_t s = 0; s < segments; ++s) segment_.push_back(s * 4 * (steps + draw(0, 20)));
    weight_.resize(static_cast<size_t>((segments * steps + 15) / 16 * 16));
    for (Words& word : weight_)
      for (int8_t& byte : word.byte) byte = static_cast<int8_t>(draw(-128, 127));
    for (int c = 0; c < nr; ++c) bias_.push_back(static_cast<int32_t>(draw(-100000, 100000)));
    multiplier_.assign(static_cast<size_t>(nr), 1.0f / 4096);
    out_.is_float = draw(0, 1) == 0;
    for (uint8_t& most : out_.clamp_max) most = 255;
    for (float& limit : out_.limit) limit = kConvLimit;
    for (int16_t& zero_point : out_.zero_point) zero_point = 100;
    tile_.x = pixel_.data();
    tile_.x_flip = draw(0, 3) == 0 ? 0x80 : 0;
    tile_.segment = segment_.data();
    tile_.segments = segments;
    tile_.steps = steps;
    tile_.weight = weight_.data();
    tile_.bias = bias_.data();
    tile_.multiplier = multiplier_.data();
    tile_.channels = draw(1, nr);
    tile_.out = &out_;
  }

  std::vector<uint8_t> run(const ConvFunction* functions, ThreadRegisters& registers) const {
    std::vector<uint8_t> y(static_cast<size_t>(pixels_ * nr_ * 4), 0xAA);
    std::vector<uint8_t*> pixel;
    for (int i = 0; i < pixels_; ++i) pixel.push_back(y.data() + i * nr_ * 4);
    ConvTile tile = tile_;
    tile.y = pixel.data();
    tile.registers = &registers;
    functions[pixels_](tile);
    return y;
  }

 private:
  struct alignas(64) Words {
    int8_t byte[32 * 4];  // for every fourth byte of the window; half of it where there are 16 channels
  };
  int pixels_, nr_;
  std::vector<uint8_t> x_;
  std::vector<const uint8_t*> pixel_;
  std::vector<int64_t> segment_;
  std::vector<Words> weight_;
  std::vector<int32_t> bias_;
  std::vector<float> multiplier_;
  ConvOutput out_;
  ConvTile tile_;
};

bool convolutions_are_equal(std::mt19937& random) {
  ScopedRegisters registers, emulated;
  for (int pixels = 1; pixels <= kConvMaxRows; ++pixels) {
    for (const int nr : {16, 32}) {
      const Case one(random, pixels, nr);
      const auto y = one.run(nr == 16 ? kConvAmx16 : kConvAmx32, registers);
      if (y == one.run(nr == 16 ? kConvAmxEmulated16 : kConvAmxEmulated32, emulated)) continue;
      std::printf("%d pixels of %d channels differ\n", pixels, nr);
      return false;
    }
  }
  return true;
}

// Rows of bytes by weights. What lies past the rows' ends in memory may be anything, unless they are cut: then it is 0.
class Product {
 public:
  Product(std::mt19937& random, int64_t m) : m_(m) {
    const auto draw = [&](int64_t least, int64_t most) { return std::uniform_int_distribution(least, most)(random); };
    n_ = draw(1, 100);
    k_ = draw(0, 2) == 0 ? 64 * draw(1, 3) : draw(1, 200);
    cut_ = draw(0, 3) == 0 ? draw(1, k_) : k_;
    accumulates_ = draw(0, 1) == 0;
    q_.resize(static_cast<size_t>(m * quantized_row_bytes(k_)));
    for (size_t i = 0; i < q_.size(); ++i) {
      const auto at = static_cast<int64_t>(i) % quantized_row_bytes(k_);
      q_[i] = static_cast<uint8_t>(at >= cut_ && cut_ < k_ ? 0 : draw(0, 255));
    }
    for (int64_t i = 0; i < n_ * k_; ++i) weight_.push_back(static_cast<int8_t>(draw(-127, 127)));
    for (int64_t o = 0; o < n_; ++o) {
      weight_scale_.push_back(static_cast<float>(draw(1, 1000)) / 1e6f);
      bias_.push_back(static_cast<float>(draw(-1000, 1000)) / 300);
    }
    for (int64_t row = 0; row < m; ++row) {
      const float scale = draw(0, 9) == 0 ? __builtin_nanf("") : static_cast<float>(draw(1, 100)) / 70;
      qparams_.push_back({scale, static_cast<int32_t>(draw(0, 255)), static_cast<int32_t>(draw(-99999, 99999))});
    }
    for (int64_t i = 0; i < m * (n_ + 3); ++i) y_.push_back(static_cast<float>(draw(-1000, 1000)) / 7);
  }

  std::vector<float> run(Isa isa) const {
    const PackedRowLinear layer =
        pack_row_linear(isa, {.n = n_, .k = k_, .weight = weight_, .weight_scale = weight_scale_, .bias = bias_});
    RowLinearPanels panels = layer;
    panels.k = cut_;
    std::vector<float> y = y_;
    constexpr int kThreads = 2;
    for (int thread = 0; thread < kThreads; ++thread) {
      ScopedRegisters registers;
      multiply_rows(panels,
                    {.m = m_,
                     .q = q_.data(),
                     .q_stride = layer.row_bytes(),
                     .qparams = qparams_.data(),
                     .y = y.data(),
                     .y_stride = n_ + 3,
                     .accumulates = accumulates_,
                     .registers = &registers},
                    thread, kThreads);
    }
    return y;
  }

 private:
  int64_t m_, n_, k_, cut_;
  bool accumulates_;
  std::vector<uint8_t> q_;
  std::vector<RowQParams> qparams_;
  std::vector<int8_t> weight_;
  std::vector<float> weight_scale_, bias_, y_;
};

bool products_are_equal(std::mt19937& random) {
  for (int64_t m = 1; m <= 70; ++m) {
    const Product one(random, m);
    const std::vector<float> expected = one.run(Isa::reference);
    for (const Isa isa : {Isa::amx, Isa::amx_emulated}) {
      const std::vector<float> y = one.run(isa);
      if (std::memcmp(y.data(), expected.data(), 4 * y.size()) == 0) continue;
      std::printf("%lld rows differ, %s\n", static_cast<long long>(m), isa == Isa::amx ? "amx" : "amx_emulated");
      return false;
    }
  }
  return true;
}

bool all_are_equal(int rounds) {
  std::mt19937 random(0);
  for (int round = 0; round < rounds; ++round)
    if (!convolutions_are_equal(random) || !products_are_equal(random)) return false;
  return amx::peak_macs(10) == 10 * 4 * 16 * 16 * 64;
}

}  // namespace
}  // namespace octavo

int main() {
  using namespace octavo;
  if (may_use_amx())
    std::puts("the processor has AMX");
  else
    execute_unknown_instructions();
  const bool equal = all_are_equal(20);
  std::printf("%s; executed here: %lld of configuration, %lld loads and stores, %lld multiplications\n",
              equal ? "ok" : "FAILED", static_cast<long long>(executed[0x49]), static_cast<long long>(executed[0x4B]),
              static_cast<long long>(executed[0x5E]));
  return equal ? 0 : 1;
}
