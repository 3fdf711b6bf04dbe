#include "kernels/neon.h"
#include "kernels/reduce/vector.h"

namespace octavo {

void neon::reduce(ReduceFunction function, const Block& block) { reduce_rows<Neon>(function, block); }

}  // namespace octavo
