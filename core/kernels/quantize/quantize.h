// float32 to 8 bits and back: y = sat(rne(x * inv) + z), y = f(x - z) * s.
#pragma once

#include "kernels/elementwise.h"
#include "kernels/isa.h"

namespace octavo {

struct QuantizeKernels {
  void (*quantize)(float inv, const Requantize& y, const Block& block);  // float32 to 8 bits
  void (*dequantize)(const Levels& x, float scale, const Block& block);  // 8 bits to float32
};

namespace reference {
void quantize(float inv, const Requantize& y, const Block& block);
void dequantize(const Levels& x, float scale, const Block& block);
}  // namespace reference
namespace avx2 {
void quantize(float inv, const Requantize& y, const Block& block);
void dequantize(const Levels& x, float scale, const Block& block);
}  // namespace avx2
namespace avx512_vnni {
void quantize(float inv, const Requantize& y, const Block& block);
void dequantize(const Levels& x, float scale, const Block& block);
}  // namespace avx512_vnni

inline constexpr QuantizeKernels kQuantizeKernels[kIsaCount] = {
    {reference::quantize, reference::dequantize},
    {avx2::quantize, avx2::dequantize},
    {avx512_vnni::quantize, avx512_vnni::dequantize},
};

}  // namespace octavo
