#include "kernels/avx2.h"
#include "kernels/reduce/vector.h"

namespace octavo {

void avx2::reduce(ReduceFunction function, const Block& block) { reduce_rows<Avx2>(function, block); }

}  // namespace octavo
