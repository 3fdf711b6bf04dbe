// Executes AMX's own instructions in the kernels written for it, on any processor with AVX512-VNNI.
//
// Where the processor does not know an instruction it raises a signal; this program's handler reads the instruction's
// bytes, does what it means (kernels/emulated_tiles.h), and goes on behind it. So what the compiler made of
// kernels/amx_tiles.h is held to the emulated kernel, which the tests hold to the reference. With AMX, the processor
// executes them.
#include <signal.h>
#include <ucontext.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <vector>

#include "engine/amx.h"
#include "kernels/conv/conv.h"
#include "kernels/emulated_tiles.h"
#include "kernels/peak/peak.h"

namespace octavo {
namespace {

TileFile registers;
int64_t executed[256];  // by opcode

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

// An instruction of three bytes of VEX prefix, an opcode and its operands: what the manual calls VEX.128.pp.0F38.W0.
class Instruction {
 public:
  Instruction(const uint8_t* code, const greg_t* gregs) : code_(code), gregs_(gregs) {
    if (code[0] != 0xC4 || (code[1] & 0x1F) != 2 || (code[2] & 0x84) != 0) fail("an unknown instruction");
  }

  int prefix() const { return code_[2] & 3; }
  int opcode() const { return code_[3]; }
  int size() const { return 5 + address_bytes_; }
  bool has_memory() const { return code_[4] >> 6 != 3; }
  int reg() const { return (code_[4] >> 3 & 7) | (code_[1] & 0x80 ? 0 : 8); }
  int rm() const { return (code_[4] & 7) | (code_[1] & 0x20 ? 0 : 8); }
  int vvvv() const { return ~code_[2] >> 3 & 15; }

  // The operand's base, and the index register's value times its factor: the distance of rows, or a part of the
  // address.
  void read_memory(int64_t& base, int64_t& index) {
    const int mod = code_[4] >> 6;
    const uint8_t* next = code_ + 5;
    int base_register = rm();
    index = 0;
    if ((code_[4] & 7) == 4) {
      const uint8_t sib = *next++;
      base_register = (sib & 7) | (code_[1] & 0x20 ? 0 : 8);
      const int index_register = (sib >> 3 & 7) | (code_[1] & 0x40 ? 0 : 8);
      if (index_register != 4) index = value(index_register) << (sib >> 6);
    }
    if (mod == 0 && (base_register & 7) == 5) fail("an address without a base, which is not expected here");
    base = value(base_register);
    if (mod == 1) base += static_cast<int8_t>(*next++);
    if (mod == 2) {
      int32_t more;
      std::memcpy(&more, next, sizeof more);
      base += more;
      next += sizeof more;
    }
    address_bytes_ = static_cast<int>(next - code_) - 5;
  }

 private:
  int64_t value(int number) const {
    static constexpr int kOrder[] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                                     REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
    return gregs_[kOrder[number]];
  }

  const uint8_t* code_;
  const greg_t* gregs_;
  int address_bytes_ = 0;
};

template <class T>
T* pointer(int64_t address) {
  return reinterpret_cast<T*>(address);
}

void execute(Instruction& code) {
  int64_t base = 0, index = 0;
  if (code.has_memory()) code.read_memory(base, index);
  const int kind = code.opcode() << 4 | code.prefix() << 1 | (code.has_memory() ? 1 : 0);
  constexpr int kNone = 0, k66 = 1 << 1, kF3 = 2 << 1, kF2 = 3 << 1, kMemory = 1;
  switch (kind) {
    case 0x49 << 4 | kNone | kMemory:
      return registers.configure(*pointer<const TileConfig>(base + index));
    case 0x49 << 4 | kNone:
      return registers.release();
    case 0x49 << 4 | kF2:
      return registers.zero(code.reg());
    case 0x4B << 4 | kF2 | kMemory:
      return registers.load(code.reg(), pointer<const void>(base), index);
    case 0x4B << 4 | kF3 | kMemory:
      return registers.store(code.reg(), pointer<void>(base), index);
    case 0x5E << 4 | k66:
      return registers.dpbusd(code.reg(), code.rm(), code.vvvv());
    default:
      fail("an unknown instruction of AMX");
  }
}

void on_unknown_instruction(int, siginfo_t*, void* context) {
  greg_t* gregs = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
  Instruction code(pointer<const uint8_t>(gregs[REG_RIP]), gregs);
  execute(code);
  ++executed[code.opcode()];
  gregs[REG_RIP] += code.size();
}

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

  std::vector<uint8_t> run(const ConvFunction* functions, ConvThread& thread) const {
    std::vector<uint8_t> y(static_cast<size_t>(pixels_ * nr_ * 4), 0xAA);
    std::vector<uint8_t*> pixel;
    for (int i = 0; i < pixels_; ++i) pixel.push_back(y.data() + i * nr_ * 4);
    ConvTile tile = tile_;
    tile.y = pixel.data();
    tile.thread = &thread;
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

int compare(int rounds) {
  std::mt19937 random(0);
  ConvThread thread, emulated;
  for (int round = 0; round < rounds; ++round) {
    for (int pixels = 1; pixels <= kConvMaxRows; ++pixels) {
      for (const int nr : {16, 32}) {
        const Case one(random, pixels, nr);
        const auto y = one.run(nr == 16 ? kConvAmx16 : kConvAmx32, thread);
        if (y == one.run(nr == 16 ? kConvAmxEmulated16 : kConvAmxEmulated32, emulated)) continue;
        std::printf("round %d, %d pixels of %d channels differ\n", round, pixels, nr);
        return 1;
      }
    }
  }
  thread.release();
  emulated.release();
  if (amx::peak_macs(10) != 10 * 4 * 16 * 16 * 64) return 1;
  return 0;
}

}  // namespace
}  // namespace octavo

int main() {
  using namespace octavo;
  if (may_use_amx()) {
    std::puts("the processor has AMX");
  } else {
    struct sigaction action = {};
    action.sa_sigaction = on_unknown_instruction;
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGILL, &action, nullptr);
  }
  const int result = compare(20);
  std::printf("%s; executed here: %lld of configuration, %lld loads and stores, %lld multiplications\n",
              result == 0 ? "ok" : "FAILED", static_cast<long long>(executed[0x49]),
              static_cast<long long>(executed[0x4B]), static_cast<long long>(executed[0x5E]));
  return result;
}
