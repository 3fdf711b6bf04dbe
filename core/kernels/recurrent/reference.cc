#include "kernels/recurrent/vector.h"
#include "kernels/scalar_lanes.h"

namespace octavo {
namespace {

struct Scalar {
  struct Floats : Float {
    Floats() = default;
    explicit Floats(float value) : Float(value) {}
    Floats(Float value) : Float(value) {}
    static Floats load(const float* from, int64_t = 1) { return Floats(*from); }
  };
  struct Ints : Int {
    explicit Ints(int32_t value) : Int(value) {}
    static Int load_levels(const uint8_t* from, uint32_t flip) { return Int(static_cast<int32_t>(*from ^ flip)); }
  };
  static constexpr int64_t kLanes = 1;
  static constexpr int kAbreast = 1;
};

inline void store(float* to, int64_t, Float value) { *to = value.v; }
inline Int rounded(Float a) { return Int(static_cast<int32_t>(std::lrintf(a.v))); }
inline void store_levels(uint8_t* to, int64_t, Int v, const Requantize& q) {
  *to = static_cast<uint8_t>(static_cast<uint32_t>(v.v + q.zero_point) ^ q.flip);
}

}  // namespace

const RecurrentKernels reference::kRecurrent = recurrent_kernels<Scalar>();

}  // namespace octavo
