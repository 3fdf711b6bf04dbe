"""Windows that slide over the spatial axes of a padded array."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from octavo.program.types import Shape


def pad_spatial(x: np.ndarray, padding: Sequence[Sequence[int]], fill: float) -> np.ndarray:
    """Surround the spatial axes (all but the first two) of `[n, c, …]` with `fill`; a negative width crops."""
    widths = [(max(0, before), max(0, after)) for before, after in padding]
    padded = np.pad(x, [(0, 0), (0, 0), *widths], constant_values=fill)
    kept = (slice(max(0, -before), min(0, after) or None) for before, after in padding)
    return padded[(slice(None), slice(None), *kept)]


def spread(x: np.ndarray, stride: Sequence[int], fill: int) -> np.ndarray:
    """Put `stride − 1` elements `fill` between neighbours along each spatial axis."""
    sizes = [(n - 1) * step + 1 for n, step in zip(x.shape[2:], stride, strict=True)]
    y = np.full((*x.shape[:2], *sizes), fill, x.dtype)
    y[(slice(None), slice(None), *(slice(None, None, step) for step in stride))] = x
    return y


def sliding_windows(x: np.ndarray, kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int]) -> np.ndarray:
    """View `[n, c, …]` as `[n, c, …windows, …kernel]`, without a copy."""
    axes = tuple(range(2, x.ndim))
    extent = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    view = np.lib.stride_tricks.sliding_window_view(x, extent, axis=axes)
    steps = [slice(None, None, step) for step in (*stride, *dilation)]
    return view[(slice(None), slice(None), *steps)]


def overhang(size: int, count: int, kernel: int, stride: int, before: int, dilation: int = 1) -> int:
    """Return how many elements the last of `count` windows reaches past the axis: what to pad after it."""
    return max(0, (count - 1) * stride + dilation * (kernel - 1) + 1 - before - size)


def first_windows(view: np.ndarray, shape: Shape) -> np.ndarray:
    """Keep as many windows along each spatial axis as `shape` `[n, c, …windows]` has."""
    return view[tuple(slice(size) for size in shape)]
