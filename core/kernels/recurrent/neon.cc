#include "kernels/neon.h"
#include "kernels/recurrent/vector.h"

namespace octavo {
namespace {

struct Lanes : Neon {
  static constexpr int kAbreast = 2;
};

}  // namespace

const RecurrentKernels neon::kRecurrent = recurrent_kernels<Lanes>();

}  // namespace octavo
