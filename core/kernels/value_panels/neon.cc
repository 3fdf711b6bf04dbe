// Panels of 16 outputs, element by element.
#include "kernels/neon.h"
#include "kernels/value_panels/vector.h"

namespace octavo {
namespace {

struct Panels : Neon {
  static constexpr PanelShape kPanel = neon::kPanel;
  static_assert(kPanel.nr == 16 && kPanel.interleave == 1);

  static void store_groups(const uint8_t (&rows)[16][kDepth], int64_t groups, int8_t* to) {
    for (int64_t group = 0; group < groups; ++group)
      for (int o = 0; o < 16; ++o) to[16 * group + o] = static_cast<int8_t>(rows[o][group]);
  }

  static void store_group(const Ints (&values)[1][4], int8_t* to) {
    const int16x8_t low = vcombine_s16(vmovn_s32(values[0][0].v), vmovn_s32(values[0][1].v));
    const int16x8_t high = vcombine_s16(vmovn_s32(values[0][2].v), vmovn_s32(values[0][3].v));
    vst1q_s8(to, vcombine_s8(vmovn_s16(low), vmovn_s16(high)));
  }

  static void store_minus_sums(const int8_t* w, int64_t groups, int32_t* to) {
    int32x4_t sums[4] = {vdupq_n_s32(0), vdupq_n_s32(0), vdupq_n_s32(0), vdupq_n_s32(0)};
    for (int64_t group = 0; group < groups; ++group, w += 16) {
      const int8x16_t bytes = vld1q_s8(w);
      const int16x8_t low = vmovl_s8(vget_low_s8(bytes)), high = vmovl_high_s8(bytes);
      sums[0] = vsubw_s16(sums[0], vget_low_s16(low));
      sums[1] = vsubw_high_s16(sums[1], low);
      sums[2] = vsubw_s16(sums[2], vget_low_s16(high));
      sums[3] = vsubw_high_s16(sums[3], high);
    }
    for (int v = 0; v < 4; ++v) vst1q_s32(to + 4 * v, sums[v]);
  }
};

}  // namespace

const ValuePanelKernels neon::kValuePanels = kernels_of<Panels>();

}  // namespace octavo
