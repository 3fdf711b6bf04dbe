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
    const int rank = tensor.shape.rank;
    images_ = tensor.shape.dim[0];
    image_ = tensor.stride[0];
    channels_ = tensor.shape.dim[1] * item_size(tensor.type.dtype);
    width_ = tensor.shape.dim[rank - 1];
    pixel_ = tensor.stride[rank - 1];
    height_ = rank > 3 ? tensor.shape.dim[rank - 2] : 1;
    row_ = rank > 3 ? tensor.stride[rank - 2] : 0;
    byte_ = is_quantized(tensor.type.dtype) ? static_cast<uint8_t>(tensor.type.zero_point) : 0;
  }

  void run(int thread, int threads) noexcept override {
    const int64_t rows = halo_.top + height_ + halo_.bottom;
    const Range range = share(images_ * rows, thread, threads);
    for (int64_t i = range.first; i < range.last; ++i) {
      const int64_t y = i % rows - halo_.top;
      uint8_t* row = tensor_.data + i / rows * image_ + y * row_;
      if (y < 0 || y >= height_) {
        fill(row, -halo_.left, width_ + halo_.right);
      } else {
        fill(row, -halo_.left, 0);
        fill(row, width_, width_ + halo_.right);
      }
    }
  }

 private:
  void fill(uint8_t* row, int64_t first, int64_t last) const noexcept {
    if (pixel_ == channels_) {
      std::memset(row + first * pixel_, byte_, (last - first) * pixel_);
    } else {
      for (int64_t x = first; x < last; ++x) std::memset(row + x * pixel_, byte_, channels_);
    }
  }

  const Tensor& tensor_;
  Halo halo_;
  int64_t images_, image_, channels_, width_, pixel_, height_, row_;
  uint8_t byte_;
};

}  // namespace

int64_t dense_strides(const Shape& shape, DType dtype, Order order, const Halo& halo, int64_t* stride,
                      int64_t* origin) {
  const int rank = shape.rank;
  int axes[kMaxRank];
  memory_order(rank, order, axes);
  int64_t size = item_size(dtype);
  *origin = 0;
  for (int i = rank - 1; i >= 0; --i) {
    const int axis = axes[i];
    int64_t before = 0, after = 0;
    if (order == Order::channels_last && axis == rank - 1) {
      before = halo.left, after = halo.right;
    } else if (order == Order::channels_last && rank > 3 && axis == rank - 2) {
      before = halo.top, after = halo.bottom;
    }
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
  return available.top >= needed.top && available.bottom >= needed.bottom && available.left >= needed.left &&
         available.right >= needed.right;
}

Halo larger(const Halo& a, const Halo& b) {
  return {std::max(a.top, b.top), std::max(a.bottom, b.bottom), std::max(a.left, b.left), std::max(a.right, b.right)};
}

std::unique_ptr<Step> make_fill_halo(const Tensor& tensor, const Halo& halo) {
  return std::make_unique<FillHalo>(tensor, halo);
}

}  // namespace octavo
