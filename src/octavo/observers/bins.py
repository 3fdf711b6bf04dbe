"""Histogram bins that grow with the data and never lose a count."""

from __future__ import annotations

import math

import torch

MIN_BINS, MAX_BINS = 16, 2**20
"""With fewer bins the widest range of float32 would need an inverse width that is not a normal number."""

_MIN_EXPONENT = -126
"""The narrowest bin: 2 to this power, whose inverse is a normal float32."""


def fit_bins(low: float, high: float, bins: int) -> tuple[int, int]:
    """Find the narrowest bins that hold 0 and [low, high]: bin i is [i·w, (i + 1)·w) with w = 2^exponent.

    A width that is a power of two makes the bin of a float32 number exact; as 0 is always an edge, two bins of one
    width make one of the next.

    Args:
        low: finite, ≤ high.
        high: finite.
        bins: how many there are.

    Returns: the exponent, and the number of the first bin; bins to spare lie above, on both sides where low < 0.
    """
    low, high = min(low, 0.0), max(high, 0.0)
    exponent = _MIN_EXPONENT
    if low < high:
        exponent = max(exponent, math.frexp((high - low) / bins)[1] - 1)
    while True:
        lowest, highest = math.floor(math.ldexp(low, -exponent)), math.floor(math.ldexp(high, -exponent))
        spare = bins - (highest - lowest + 1)
        if spare >= 0:
            return exponent, lowest - (spare // 2 if low < 0.0 else 0)
        exponent += 1


def merge_bins(counts: torch.Tensor, first: int, halvings: int, new_first: int) -> torch.Tensor:
    """Move counts into bins that are 2^halvings times as wide: bin i becomes bin i >> halvings, exactly.

    Args:
        counts: [bins] int64.
        first: the number of the first bin of counts.
        halvings: ≥ 0.
        new_first: the number of the first bin of the result; every bin with a count must have a place there.

    Returns: [bins] int64.
    """
    used = counts.nonzero().flatten()
    target = ((used + first) >> min(halvings, 63)) - new_first
    return torch.zeros_like(counts).index_add_(0, target, counts[used])
