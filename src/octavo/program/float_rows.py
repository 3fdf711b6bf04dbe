"""Float32 functions of whole rows, in a stated order: the same bits here, in C++ and on every instruction set."""

from __future__ import annotations

import numpy as np

from octavo.program.float_math import Float32, exp


def striped_sum(x: Float32) -> Float32:
    """Add the elements of the last axis, which stays with size 1.

    The sum runs in 16 lanes, lane j adding elements j, j + 16, … in order from 0; then lane j adds lane j + 8, then
    j + 4, j + 2, j + 1.
    """
    lanes = np.zeros((*x.shape[:-1], 16), np.float32)
    for start in range(0, x.shape[-1], 16):
        chunk = x[..., start : start + 16]
        lanes[..., : chunk.shape[-1]] += chunk
    for width in (8, 4, 2, 1):
        lanes = lanes[..., :width] + lanes[..., width : 2 * width]
    return lanes


def softmax(x: Float32, axis: int) -> Float32:
    """Compute exp(x_i − max x) / Σ exp(x_j − max x) along `axis`, the sum striped."""
    with np.errstate(all="ignore"):
        moved = np.moveaxis(x, axis, -1)
        e = exp(moved - moved.max(axis=-1, keepdims=True))
        return np.ascontiguousarray(np.moveaxis(np.divide(e, striped_sum(e), dtype=np.float32), -1, axis))


def normalize(x: Float32, eps: float) -> Float32:
    """Compute d · (1 / sqrt(Σ d·d / n + eps)), d = x − Σ x / n, along the last axis, both sums striped."""
    with np.errstate(all="ignore"):
        count = np.float32(x.shape[-1])
        d = x - np.divide(striped_sum(x), count, dtype=np.float32)
        variance = np.divide(striped_sum(d * d), count, dtype=np.float32)
        return d * np.divide(np.float32(1.0), np.sqrt(variance + np.float32(eps)), dtype=np.float32)
