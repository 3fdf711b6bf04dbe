#include "kernels/avx2.h"
#include "kernels/recurrent/vector.h"

namespace octavo {
namespace {

struct Lanes : Avx2 {
  static constexpr int kAbreast = 2;
};

}  // namespace

const RecurrentKernels avx2::kRecurrent = recurrent_kernels<Lanes>();

}  // namespace octavo
