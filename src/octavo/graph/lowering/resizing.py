"""Enlarging by whole factors: values repeated, or taken from the channels."""

from __future__ import annotations

from typing import Any

from octavo.graph.lowering.builder import Builder
from octavo.graph.lowering.registry import Unsupported, Value, lowers


@lowers("upsample_nearest1d", "upsample_nearest2d", sizes=True, moves=True)
def upsample_nearest(b: Builder, x: Value, size: Any = None, scale: Any = None, *rest: Any) -> Value:
    """Lower the repetition of each element by a whole factor, as copies along axes of 1 behind each spatial axis."""
    shape, result = b.shape(x), b.result_shape()
    factors = _factors(shape[2:], result[2:], scale)
    y = b.reshape(x, (*shape[:2], *(n for size in shape[2:] for n in (size, 1))), ".spread")
    for index, factor in enumerate(factors):
        axis = 3 + 2 * index
        if factor > 1:
            spread = b.shape(y)
            y = b.emit(
                "concat", (y,) * factor, (*spread[:axis], factor, *spread[axis + 1 :]), {"axis": axis}, suffix=".repeat"
            )
    return b.reshape(y, result)


@lowers("pixel_shuffle", moves=True)
def pixel_shuffle(b: Builder, x: Value, factor: int) -> Value:
    """Lower `[n, c·r², h, w] → [n, c, h·r, w·r]`.

    Reference: Shi et al. 2016, arXiv:1609.05158, equation 4.
    """
    batch, channels, height, width = b.shape(x)
    if not isinstance(channels, int):
        raise Unsupported("it shuffles a symbolic number of channels", "fix the channels with dynamic_shapes")
    apart = (batch, channels // factor**2, factor, factor, height, width)
    y = b.reshape(x, apart, ".apart")
    turned = (batch, apart[1], height, factor, width, factor)
    y = b.emit("permute", (y,), turned, {"dims": [0, 1, 4, 2, 5, 3]}, suffix=".permute")
    return b.reshape(y, b.result_shape())


def _factors(shape: Any, result: Any, scale: Any) -> list[int]:
    factors = []
    for axis, (before, after) in enumerate(zip(shape, result, strict=True)):
        if isinstance(before, int) and isinstance(after, int):
            factor = after / before
        else:
            given = scale if isinstance(scale, (list, tuple)) else [scale]
            factor = given[axis] if len(given) > axis else None
        if factor is None or factor != int(factor):
            raise Unsupported(f"it resizes {list(shape)} to {list(result)}", "enlarge by a whole factor")
        factors.append(int(factor))
    return factors
