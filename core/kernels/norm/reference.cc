#include <cmath>

#include "kernels/norm/norm.h"
#include "kernels/striped_sum.h"

namespace octavo::reference {
namespace {

// Calls visit(x, y) with the addresses of each element, in row-major order.
template <class Visit>
void for_each_of(const NormRow& row, const uint8_t* x, uint8_t* y, Visit visit) {
  int64_t index[6] = {};
  for (;;) {
    visit(*reinterpret_cast<const float*>(x), reinterpret_cast<float*>(y));
    int a = row.axes - 1;
    for (; a >= 0; --a) {
      const NormRow::Axis& axis = row.axis[a];
      const bool wraps = ++index[a] == axis.count;
      const int64_t steps = wraps ? 1 - axis.count : 1;
      x += steps * axis.x;
      y += steps * axis.y;
      if (!wraps) break;
      index[a] = 0;
    }
    if (a < 0) return;
  }
}

void norm_row(const NormRow& row, const uint8_t* x, uint8_t* y, const float* weight, const float* bias) {
  const float count = static_cast<float>(row.count);
  StripedSum sum, squares;
  for_each_of(row, x, y, [&](float value, float*) { sum.add(value); });
  const float mean = sum.total() / count;
  for_each_of(row, x, y, [&](float value, float*) { squares.add((value - mean) * (value - mean)); });
  const float inverse = 1.0f / std::sqrt(squares.total() / count + row.eps);
  int64_t i = 0;
  for_each_of(row, x, y, [&](float value, float* to) {
    *to = (value - mean) * inverse * weight[i / row.shared] + bias[i / row.shared];
    ++i;
  });
}

}  // namespace

void norm(const NormRow& row, const NormRows& rows, const float* weight, const float* bias) {
  for (int i = 0; i < rows.count; ++i) norm_row(row, rows.x[i], rows.y[i], weight, bias);
}

}  // namespace octavo::reference
