#include "kernels/avx512.h"
#include "kernels/pool/vector.h"

namespace octavo {

const PoolKernels avx512::kPool = {max_pool_u8<Avx512>, max_pool_s8<Avx512>, max_pool_float<Avx512>, avg_pool<Avx512>,
                                   avg_pool_float<Avx512>};

}  // namespace octavo
