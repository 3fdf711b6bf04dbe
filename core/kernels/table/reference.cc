#include "kernels/table/table.h"

#include "kernels/scalar.h"

namespace octavo::reference {

void table(const uint8_t* table, const Block& block) {
  for_each_element(block, [&](uint8_t* y, uint8_t* x, uint8_t*) { *y = table[*x]; });
}

}  // namespace octavo::reference
