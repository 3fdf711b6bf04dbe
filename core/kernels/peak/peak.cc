#include "kernels/peak/peak.h"

namespace octavo {

int64_t peak_macs(Isa isa, int64_t iterations) {
  switch (isa) {
    case Isa::reference:
      return peak_macs_reference(iterations);
    case Isa::avx2:
      return peak_macs_avx2(iterations);
    case Isa::avx512_vnni:
      return peak_macs_avx512_vnni(iterations);
  }
  return 0;
}

}  // namespace octavo
