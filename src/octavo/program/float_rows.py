"""Float32 functions of whole rows, in a stated order: the same bits here, in C++ and on every instruction set."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from octavo.program.float_math import Float32, exp, log, maximum, minimum


def _striped(x: Float32, start: float, combine: Callable[[Float32, Float32], Float32]) -> Float32:
    """Combine the elements of the last axis, which stays with size 1.

    16 lanes begin with `start`, lane j takes elements j, j + 16, … in order; then lane j takes lane j + 8, then j + 4,
    j + 2, j + 1.
    """
    lanes = np.full((*x.shape[:-1], 16), start, np.float32)
    for first in range(0, x.shape[-1], 16):
        chunk = x[..., first : first + 16]
        width = chunk.shape[-1]
        lanes[..., :width] = combine(lanes[..., :width], chunk)
    for width in (8, 4, 2, 1):
        lanes = combine(lanes[..., :width], lanes[..., width : 2 * width])
    return lanes


def striped_sum(x: Float32) -> Float32:
    """Add the elements of the last axis, which stays with size 1: in 16 lanes that begin with 0."""
    return _striped(x, 0.0, np.add)


_REDUCE: dict[str, Callable[[Float32], Float32]] = {
    "sum": striped_sum,
    "mean": lambda x: np.divide(striped_sum(x), np.float32(x.shape[-1]), dtype=np.float32),
    "max": lambda x: _striped(x, -np.inf, maximum),
    "min": lambda x: _striped(x, np.inf, minimum),
}


def reduce(function: str, x: Float32, axis: int) -> Float32:
    """Compute the sum, mean, max or min along `axis`, which stays with size 1: striped; in max and min NaN wins."""
    with np.errstate(all="ignore"):
        return np.moveaxis(_REDUCE[function](np.moveaxis(x, axis, -1)), -1, axis)


def softmax(x: Float32, axis: int) -> Float32:
    """Compute exp(x_i − max x) / Σ exp(x_j − max x) along `axis`, the sum striped."""
    with np.errstate(all="ignore"):
        moved = np.moveaxis(x, axis, -1)
        e = exp(moved - moved.max(axis=-1, keepdims=True))
        return np.ascontiguousarray(np.moveaxis(np.divide(e, striped_sum(e), dtype=np.float32), -1, axis))


def log_softmax(x: Float32, axis: int) -> Float32:
    """Compute (x_i − max x) − ln Σ exp(x_j − max x) along `axis`, the sum striped."""
    with np.errstate(all="ignore"):
        moved = np.moveaxis(x, axis, -1)
        d = moved - moved.max(axis=-1, keepdims=True)
        return np.ascontiguousarray(np.moveaxis(d - log(striped_sum(exp(d))), -1, axis))


def normalize(x: Float32, eps: float) -> Float32:
    """Compute d · (1 / sqrt(Σ d·d / n + eps)), d = x − Σ x / n, along the last axis, both sums striped."""
    with np.errstate(all="ignore"):
        count = np.float32(x.shape[-1])
        d = x - np.divide(striped_sum(x), count, dtype=np.float32)
        variance = np.divide(striped_sum(d * d), count, dtype=np.float32)
        return d * np.divide(np.float32(1.0), np.sqrt(variance + np.float32(eps)), dtype=np.float32)
