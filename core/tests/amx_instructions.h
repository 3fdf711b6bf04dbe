// Executes AMX's instructions where the processor does not know them: a signal's handler reads the instruction's bytes,
// does what it means (kernels/emulated_tiles.h), and goes on behind it.
#pragma once

#include <signal.h>
#include <ucontext.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "kernels/emulated_tiles.h"

namespace octavo {
namespace {

TileFile registers;
int64_t executed[256];  // instructions of this handler, by opcode

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

void execute_unknown_instructions() {
  struct sigaction action = {};
  action.sa_sigaction = on_unknown_instruction;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGILL, &action, nullptr);
}

}  // namespace
}  // namespace octavo
