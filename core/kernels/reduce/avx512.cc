#include "kernels/avx512.h"
#include "kernels/reduce/vector.h"

namespace octavo {

void avx512::reduce(ReduceFunction function, const Block& block) { reduce_rows<Avx512>(function, block); }

}  // namespace octavo
