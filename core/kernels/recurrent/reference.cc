#include "kernels/recurrent/vector.h"
#include "kernels/scalar_lanes.h"

namespace octavo {
namespace {

struct Scalar {
  struct Floats : Float {
    explicit Floats(float value) : Float(value) {}
    Floats(Float value) : Float(value) {}
    static Floats load(const float* from, int64_t = 1) { return Floats(*from); }
  };
  static constexpr int64_t kLanes = 1;
};

inline void store(float* to, int64_t, Float value) { *to = value.v; }

}  // namespace

const RecurrentKernels reference::kRecurrent = recurrent_kernels<Scalar>();

}  // namespace octavo
