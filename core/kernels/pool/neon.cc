#include "kernels/neon.h"
#include "kernels/pool/vector.h"

namespace octavo {

const PoolKernels neon::kPool = {max_pool_u8<Neon>, max_pool_s8<Neon>, max_pool_float<Neon>, avg_pool<Neon>,
                                 avg_pool_float<Neon>};

}  // namespace octavo
