#include "kernels/depthwise/table.h"

namespace octavo {
namespace {

constexpr int kReferenceWidths[] = {64};
[[maybe_unused]] constexpr int kNeonWidths[] = {16};
constexpr int kAvx2Widths[] = {32, 16};
constexpr int kAvx512Widths[] = {64, 32, 16};

// Taps one after another, in whole groups.
template <int kGroup>
std::vector<int> in_order(int taps) {
  std::vector<int> order((taps + kGroup - 1) / kGroup * kGroup, -1);
  for (int tap = 0; tap < taps; ++tap) order[tap] = tap;
  return order;
}

// For each column of the kernel, its three rows beside a zero: as output rows y and y + 1 see four input rows.
[[maybe_unused]] std::vector<int> columns_3x3(int /*taps*/) {  // not on every processor
  std::vector<int> order;
  for (int column = 0; column < 3; ++column)
    for (const int first : {0, -1})
      for (int i = 0; i < 4; ++i) {
        const int row = first + i;
        order.push_back(row >= 0 && row < 3 ? row * 3 + column : -1);
      }
  return order;
}

// For each row of the kernel, as `kOutputs` outputs kStride apart see eight input pixels: two quads an output.
template <int kStride, int kOutputs>
std::vector<int> rows_5x5(int /*taps*/) {
  std::vector<int> order;
  for (int row = 0; row < 5; ++row)
    for (int output = 0; output < kOutputs; ++output)
      for (int pixel = 0; pixel < 8; ++pixel) {
        const int column = pixel - output * kStride;
        order.push_back(column >= 0 && column < 5 ? row * 5 + column : -1);
      }
  return order;
}

constexpr auto kPlain = DepthwisePacking::plain;
constexpr auto kPairs = DepthwisePacking::pairs;
constexpr auto kQuads = DepthwisePacking::quads;

constexpr DepthwiseKernel kKernels[] = {
    {"reference", Isa::reference, 0, 0, kPlain, kReferenceWidths, in_order<1>, depthwise_reference},
#if defined(__x86_64__)
    {"avx2", Isa::avx2, 0, 0, kPairs, kAvx2Widths, in_order<2>, depthwise_avx2},
    {"avx512_vnni 3x3 stride 1", Isa::avx512_vnni, 3, 1, kQuads, kAvx512Widths, columns_3x3,
     depthwise_3x3_stride1_avx512_vnni},
    {"avx512_vnni 3x3 stride 2", Isa::avx512_vnni, 3, 2, kQuads, kAvx512Widths, columns_3x3,
     depthwise_3x3_stride2_avx512_vnni},
    {"avx512_vnni 5x5 stride 1", Isa::avx512_vnni, 5, 1, kQuads, kAvx512Widths, rows_5x5<1, 4>,
     depthwise_5x5_stride1_avx512_vnni},
    {"avx512_vnni 5x5 stride 2", Isa::avx512_vnni, 5, 2, kQuads, kAvx512Widths, rows_5x5<2, 2>,
     depthwise_5x5_stride2_avx512_vnni},
    {"avx512_vnni", Isa::avx512_vnni, 0, 0, kQuads, kAvx512Widths, in_order<4>, depthwise_avx512_vnni},
#elif defined(__aarch64__)
    {"neon", Isa::neon, 0, 0, DepthwisePacking::words, kNeonWidths, in_order<1>, depthwise_neon},
#endif
};

}  // namespace

std::span<const DepthwiseKernel> depthwise_kernels() { return kKernels; }

const DepthwiseKernel& find_depthwise_kernel(const DepthwiseQuery& query) {
  for (Isa isa = query.isa;; isa = fallback_of(isa)) {
    const DepthwiseKernel* general = nullptr;  // an instruction set that has any kernel has one
    for (const DepthwiseKernel& row : kKernels) {
      if (row.isa != isa) continue;
      if (row.kernel == 0) general = &row;
      if (row.kernel != 0 && row.kernel == query.kernel && row.stride == query.stride) return row;
    }
    if (general != nullptr) return *general;
  }
}

}  // namespace octavo
