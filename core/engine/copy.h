// Copies a tensor into memory of another layout.
#pragma once

#include <memory>

#include "engine/operator.h"

namespace octavo {

// A step that copies `from` into `to`: the same logical shape and item size, any strides. Both must outlive the step.
std::unique_ptr<Step> make_copy(const Tensor& from, const Tensor& to);

// The strides with which `tensor` can be read as `shape` (the same elements in logical row-major order) without moving
// any; false where no strides do.
bool view_strides(const Tensor& tensor, const Shape& shape, int64_t* stride);

}  // namespace octavo
