// One kernel (a function, or the address of several) for each instruction set.
//
//   inline constexpr KernelTable<PReluKernel> kPReluKernels{{{Isa::reference, reference::prelu}, {Isa::avx2,
//   avx2::prelu}}};
//
// A table names the kernels that there are; an instruction set without one of its own has its fallback's. What this
// build does not contain (is_built) drops out, so that one table serves every processor.
#pragma once

#include <iterator>

#include "kernels/isa.h"

namespace octavo {

template <class Kernel>
class KernelTable {
 public:
  struct Row {
    Isa isa;
    Kernel kernel;
  };

  template <int N>
  constexpr explicit KernelTable(const Row (&rows)[N]) {
    for (const Row& row : rows) {
      if (!is_built(row.isa)) continue;
      kernels_[static_cast<int>(row.isa)] = row.kernel;
      has_[static_cast<int>(row.isa)] = true;
    }
  }

  // Whose kernel `isa` has.
  constexpr Isa owner(Isa isa) const {
    while (!has_[static_cast<int>(isa)]) isa = fallback_of(isa);
    return isa;
  }
  constexpr Kernel operator[](Isa isa) const { return kernels_[static_cast<int>(owner(isa))]; }

 private:
  Kernel kernels_[std::size(kIsas)] = {};
  bool has_[std::size(kIsas)] = {};  // sanitizers do not let the compiler compare addresses
};

}  // namespace octavo
