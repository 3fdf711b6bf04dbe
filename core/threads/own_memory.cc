#include "threads/own_memory.h"

#include <new>

namespace octavo {
namespace {

constexpr std::align_val_t kAlignment{64};

}  // namespace

void OwnMemory::Free::operator()(uint8_t* memory) const { ::operator delete[](memory, kAlignment); }

void OwnMemory::reserve(int64_t bytes) {
  if (bytes <= bytes_) return;
  begin_.reset();
  bytes_ = 0;
  begin_.reset(static_cast<uint8_t*>(::operator new[](static_cast<size_t>(bytes), kAlignment)));
  bytes_ = bytes;
}

void reserve_own_memory(int64_t bytes) {
  static thread_local OwnMemory memory;
  memory.reserve(bytes);
  own_memory = memory.begin();
}

}  // namespace octavo
