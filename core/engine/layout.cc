#include "engine/layout.h"

#include <algorithm>
#include <cstring>

namespace octavo {
namespace {

// The logical axes from the outermost in memory to the innermost.
void memory_order(int rank, Order order, int* axes) {
  for (int i = 0; i < rank; ++i) axes[i] = i;
  if (order == Order::channels_last && rank >= 3) std::rotate(axes + 1, axes + 2, axes + rank);
}

class FillHalo final : public Step {
 public:
  FillHalo(const Tensor& tensor, const Halo& halo) : tensor_(tensor), halo_(halo) {
    images_ = tensor.shape.dim[0];
    channels_ = tensor.shape.dim[1] * item_size(tensor.type.dtype);
    for (int axis = 0; axis < kSpatialAxes; ++axis) {
      size_[axis] = spatial_size(tensor.shape, axis);
      stride_[axis] = spatial_stride(tensor, axis);
    }
    byte_ = is_quantized(tensor.type.dtype) ? static_cast<uint8_t>(tensor.type.zero_point) : 0;
  }

  void run(int thread, int threads) noexcept override {
    const int64_t planes = padded(0), rows = padded(1);
    const Range range = share(images_ * planes * rows, thread, threads);
    for (int64_t i = range.first; i < range.last; ++i) {
      const int64_t z = i / rows % planes - halo_.before[0], y = i % rows - halo_.before[1];
      uint8_t* row = tensor_.data + i / (planes * rows) * tensor_.stride[0] + z * stride_[0] + y * stride_[1];
      const int64_t width = size_[2];
      if (z < 0 || z >= size_[0] || y < 0 || y >= size_[1]) {
        fill(row, -halo_.before[2], width + halo_.after[2]);
      } else {
        fill(row, -halo_.before[2], 0);
        fill(row, width, width + halo_.after[2]);
      }
    }
  }

 private:
  int64_t padded(int axis) const { return halo_.before[axis] + size_[axis] + halo_.after[axis]; }

  void fill(uint8_t* row, int64_t first, int64_t last) const noexcept {
    const int64_t pixel = stride_[2];
    if (pixel == channels_) {
      std::memset(row + first * pixel, byte_, (last - first) * pixel);
    } else {
      for (int64_t x = first; x < last; ++x) std::memset(row + x * pixel, byte_, channels_);
    }
  }

  const Tensor& tensor_;
  Halo halo_;
  int64_t images_, channels_;
  int64_t size_[kSpatialAxes], stride_[kSpatialAxes];
  uint8_t byte_;
};

}  // namespace

int64_t spatial_size(const Shape& shape, int axis) {
  const int logical = shape.rank - kSpatialAxes + axis;
  return logical < 2 ? 1 : shape.dim[logical];
}

int64_t spatial_stride(const Tensor& tensor, int axis) {
  const int logical = tensor.shape.rank - kSpatialAxes + axis;
  return logical < 2 ? 0 : tensor.stride[logical];
}

int64_t dense_strides(const Shape& shape, DType dtype, Order order, const Halo& halo, int64_t* stride,
                      int64_t* origin) {
  const int rank = shape.rank;
  int axes[kMaxRank];
  memory_order(rank, order, axes);
  int64_t size = item_size(dtype);
  *origin = 0;
  for (int i = rank - 1; i >= 0; --i) {
    const int axis = axes[i];
    const int spatial = axis - (rank - kSpatialAxes);
    const bool has_halo = order == Order::channels_last && axis >= 2 && spatial >= 0;
    const int64_t before = has_halo ? halo.before[spatial] : 0, after = has_halo ? halo.after[spatial] : 0;
    stride[axis] = size;
    *origin += before * size;
    size *= before + shape.dim[axis] + after;
  }
  return size;
}

bool lies_in_order(const Tensor& tensor, Order order) {
  if (order == Order::any) return true;
  if (order == Order::channels_last && tensor.shape.rank < 3) return false;
  int axes[kMaxRank];
  memory_order(tensor.shape.rank, order, axes);
  int64_t extent = item_size(tensor.type.dtype);
  bool innermost = true;
  for (int i = tensor.shape.rank - 1; i >= 0; --i) {
    const int axis = axes[i];
    if (tensor.shape.dim[axis] == 1) continue;
    if (innermost ? tensor.stride[axis] != extent : tensor.stride[axis] < extent) return false;
    innermost = false;
    extent = tensor.stride[axis] * tensor.shape.dim[axis];
  }
  return true;
}

bool covers(const Halo& available, const Halo& needed) {
  for (int axis = 0; axis < kSpatialAxes; ++axis)
    if (available.before[axis] < needed.before[axis] || available.after[axis] < needed.after[axis]) return false;
  return true;
}

Halo larger(const Halo& a, const Halo& b) {
  Halo halo;
  for (int axis = 0; axis < kSpatialAxes; ++axis) {
    halo.before[axis] = std::max(a.before[axis], b.before[axis]);
    halo.after[axis] = std::max(a.after[axis], b.after[axis]);
  }
  return halo;
}

std::unique_ptr<Step> make_fill_halo(const Tensor& tensor, const Halo& halo) {
  return std::make_unique<FillHalo>(tensor, halo);
}

}  // namespace octavo
