#include "kernels/avx512.h"
#include "kernels/recurrent/vector.h"

namespace octavo {
namespace {

struct Lanes : Avx512 {
  static constexpr int kAbreast = 2;
};

}  // namespace

const RecurrentKernels avx512::kRecurrent = recurrent_kernels<Lanes>();

}  // namespace octavo
