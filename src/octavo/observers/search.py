"""Find the range that quantizes a histogram with the least squared error."""

from __future__ import annotations

import numpy as np
import torch

from octavo.numerics import DEFAULT_EPS, choose_qparams
from octavo.observers.density import Density, Float64

_NARROWEST = 0.01  # the narrowest end tried, as a share of what was seen
_GRID = 20  # candidates for each of two ends
_LINE = 80  # candidates where there is one end alone
_ROUNDS = 3  # each zooms in to a quarter of the last grid's step
_ZOOM = np.linspace(-1.0, 1.0, 9)


def search_range(
    density: Density, symmetric: bool, dtype: str, quant_min: int, quant_max: int, eps: float = DEFAULT_EPS
) -> tuple[float, float]:
    """Find the range whose qparams have the least squared error.

    Candidates are the pairs of a geometric grid over both ends at once, then of finer grids around the best. The whole
    range is the first candidate, so the answer is never worse. An end that is 0 (after a ReLU) stays 0, and a symmetric
    scheme has one end only: then the grid is a line.

    Args:
        density: of what was seen.
        symmetric: whether zero_point is fixed at the middle.
        dtype, quant_min, quant_max, eps: as for `choose_qparams`.

    Returns: (min, max) to give to `choose_qparams`.
    """
    low, high = min(density.low, 0.0), max(density.high, 0.0)
    if symmetric:
        low, high = 0.0, max(-low, high)
    if low == high:
        return low, high

    points = _GRID if low < 0.0 < high else _LINE
    ratio = _NARROWEST ** (1.0 / (points - 1))
    axis = ratio ** np.arange(points)
    best, least = np.ones(2), np.inf
    for _ in range(_ROUNDS + 1):
        shares = _pairs(axis if low < 0.0 else np.ones(1), axis if high > 0.0 else np.ones(1), best)
        found = range_errors(density, shares * (low, high), symmetric, dtype, quant_min, quant_max, eps)
        if found.min() < least:
            best, least = shares[found.argmin()], found.min()
        axis, ratio = ratio**_ZOOM, ratio**0.25
    return float(low * best[0]), float(high * best[1])


def range_errors(
    density: Density, ends: Float64, symmetric: bool, dtype: str, quant_min: int, quant_max: int, eps: float
) -> Float64:
    """Return the squared error of each range: what the integers within it leave, and what saturates outside of it.

    Args:
        density: of what was seen.
        ends: [k, 2], least and greatest.
        symmetric, dtype, quant_min, quant_max, eps: as for `search_range`.

    Returns: [k].
    """
    given = torch.from_numpy(ends)
    qscheme = "per_channel_symmetric" if symmetric else "per_channel_affine"
    qparams = choose_qparams(given[:, 0], given[:, 1], dtype, qscheme, quant_min, quant_max, eps)
    return density.squared_errors(
        qparams.scale.double().numpy(), qparams.zero_point.double().numpy(), quant_min, quant_max
    )


def _pairs(low: Float64, high: Float64, centre: Float64) -> Float64:
    """Pair the shares of both ends around a centre: [n·m, 2], at most 1."""
    grid = np.meshgrid(low * centre[0], high * centre[1], indexing="ij")
    return np.stack(grid, axis=-1).reshape(-1, 2).clip(max=1.0)
