#include "kernels/avx2.h"
#include "kernels/pool/vector.h"

namespace octavo {

const PoolKernels avx2::kPool = {max_pool_u8<Avx2>, max_pool_s8<Avx2>, max_pool_float<Avx2>, avg_pool<Avx2>,
                                 avg_pool_float<Avx2>};

}  // namespace octavo
