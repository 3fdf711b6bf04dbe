// How values lie in memory: strides, halos, and which values share memory with which.
#pragma once

#include "engine/operator.h"
#include "engine/tensor.h"

namespace octavo {

// The size and the stride in bytes of a spatial axis (0 to 2: d, h, w); 1 and 0 where the tensor lacks it.
int64_t spatial_size(const Shape& shape, int axis);
int64_t spatial_stride(const Tensor& tensor, int axis);

// Byte strides of a dense value in the given order, with a halo around its spatial axes (if it is channels_last).
// Returns the size in bytes, and in `origin` the offset of the first element, past the halo.
int64_t dense_strides(const Shape& shape, DType dtype, Order order, const Halo& halo, int64_t* stride, int64_t* origin);

// Whether the axes of size > 1 lie in the given order without overlap, the innermost one contiguous.
bool lies_in_order(const Tensor& tensor, Order order);

bool covers(const Halo& available, const Halo& needed);
Halo larger(const Halo& a, const Halo& b);
inline bool is_empty(const Halo& halo) { return covers({}, halo); }

// A step that writes the zero_point (0 for float) into the halo around `tensor`, which must outlive it.
std::unique_ptr<Step> make_fill_halo(const Tensor& tensor, const Halo& halo);

}  // namespace octavo
