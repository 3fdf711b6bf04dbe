// The kernel of avx_vnni.h in EVEX.
#include "kernels/conv/avx_vnni.h"

namespace octavo {
namespace {

struct Dot {
  [[gnu::always_inline]] static __m256i dot(__m256i acc, __m256i x, __m256i w) {
    return _mm256_dpbusd_epi32(acc, x, w);
  }
};
using Lanes = VnniLanes256<Dot>;

}  // namespace

const ConvFunction kConvAvx512Vnni256x16[] = {nullptr,
                                              run_bytes<Lanes, 1, 2>,
                                              run_bytes<Lanes, 2, 2>,
                                              run_bytes<Lanes, 3, 2>,
                                              run_bytes<Lanes, 4, 2>,
                                              run_bytes<Lanes, 5, 2>,
                                              run_bytes<Lanes, 6, 2>};

}  // namespace octavo
