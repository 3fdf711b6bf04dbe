// A tensor: a strided view of memory that somebody else owns.
#pragma once

#include <cstddef>
#include <cstdint>

namespace octavo {

enum class DType : uint8_t { u8, s8, s32, s64, f32 };

constexpr int64_t item_size(DType dtype) {
  switch (dtype) {
    case DType::u8:
    case DType::s8:
      return 1;
    case DType::s32:
    case DType::f32:
      return 4;
    case DType::s64:
      return 8;
  }
  return 0;
}

constexpr bool is_quantized(DType dtype) { return dtype == DType::u8 || dtype == DType::s8; }
constexpr int32_t quant_min(DType dtype) { return dtype == DType::s8 ? -128 : 0; }
constexpr int32_t quant_max(DType dtype) { return dtype == DType::s8 ? 127 : 255; }

inline constexpr int kMaxRank = 6;

// Reading (never writing) this many bytes before the first and after the last element of an 8-bit tensor is always
// safe: vector loads may overhang. What they find there is arbitrary and must not change a result. Tensors of wider
// dtypes may be the caller's own memory: no overhang there.
inline constexpr int64_t kSlackBytes = 128;

struct Shape {
  int rank = 0;
  int64_t dim[kMaxRank] = {};

  int64_t elements() const {
    int64_t count = 1;
    for (int i = 0; i < rank; ++i) count *= dim[i];
    return count;
  }
  friend bool operator==(const Shape& a, const Shape& b) {
    if (a.rank != b.rank) return false;
    for (int i = 0; i < a.rank; ++i)
      if (a.dim[i] != b.dim[i]) return false;
    return true;
  }
};

// What a value is, apart from where it lies: fixed when the network is built.
struct ValueType {
  DType dtype = DType::f32;
  float scale = 1.0f;
  int32_t zero_point = 0;
};

// The logical shape is PyTorch's ([n, c, h, w], [n, c, l], [..., features]); the strides (in bytes, per logical axis)
// say how it lies. In "channels_last" memory stride[1] is the item size.
struct Tensor {
  uint8_t* data = nullptr;  // changes from run to run; everything else is fixed once planned
  ValueType type;
  Shape shape;
  int64_t stride[kMaxRank] = {};
};

}  // namespace octavo
