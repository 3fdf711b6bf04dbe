// Panels of 16 outputs, four elements of each side by side.
#include "kernels/neon.h"
#include "kernels/value_panels/vector.h"

namespace octavo {
namespace {

struct Panels : Neon {
  static constexpr PanelShape kPanel = neon_dotprod::kPanel;
  static_assert(kPanel.nr == 16 && kPanel.interleave == 4);

  static void store_groups(const uint8_t (&rows)[16][kDepth], int64_t groups, int8_t* to) {
    for (int64_t group = 0; group < groups; ++group)
      for (int o = 0; o < 16; ++o) __builtin_memcpy(to + 64 * group + 4 * o, rows[o] + 4 * group, 4);
  }

  static void store_group(const Ints (&values)[4][4], int8_t* to) {
    const uint32x4_t low = vdupq_n_u32(0xff);
    for (int v = 0; v < 4; ++v) {
      uint32x4_t bytes = vdupq_n_u32(0);
      for (int i = 3; i >= 0; --i)
        bytes = vorrq_u32(vshlq_n_u32(bytes, 8), vandq_u32(vreinterpretq_u32_s32(values[i][v].v), low));
      vst1q_s8(to + 16 * v, vreinterpretq_s8_u32(bytes));
    }
  }

  static void store_minus_sums(const int8_t* w, int64_t groups, int32_t* to) {
    int32x4_t sums[4] = {vdupq_n_s32(0), vdupq_n_s32(0), vdupq_n_s32(0), vdupq_n_s32(0)};
    const int8x16_t minus_one = vdupq_n_s8(-1);
    for (int64_t group = 0; group < groups; ++group, w += 64)
      for (int v = 0; v < 4; ++v) sums[v] = vdotq_s32(sums[v], vld1q_s8(w + 16 * v), minus_one);
    for (int v = 0; v < 4; ++v) vst1q_s32(to + 4 * v, sums[v]);
  }
};

}  // namespace

const ValuePanelKernels neon_dotprod::kValuePanels = kernels_of<Panels>();

}  // namespace octavo
