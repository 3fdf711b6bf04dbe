"""The scale of each channel of a weight that leaves the least squared error."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from octavo.numerics import is_symmetric
from octavo.observers.density import Float64
from octavo.observers.per_channel import PerChannelMinMaxObserver

# How many numbers are sorted at once, which bounds the memory alone.
_AT_ONCE = 1 << 18
# Up to so many steps a side every scale is looked at; with more of them none that leaves an eighth of them unused.
_FEW_STEPS, _WIDEST = 15, 9 / 8


class PerChannelMSEObserver(PerChannelMinMaxObserver):
    """Choose the scale of each channel of a weight so that its squared error is least, what is clipped included.

    Of 4 bits (`quant_min=-7, quant_max=7`) that takes a quarter to a half of MinMax's squared error; of 8 it hardly
    makes a difference. A tensor observed later takes the place of one before it.

    Args:
        all: see `PerChannelMinMaxObserver`; the qscheme is `"per_channel_symmetric"`, the dtype int8.

    Attributes:
        min_val, max_val: [channels] float32, the range that the scale covers.

    Raises:
        ValueError: a setting does not fit.
    """

    qschemes = ("per_channel_symmetric",)

    def extremes(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the range of least squared error of each channel; NaN or infinite where x is."""
        low, high = super().extremes(x)
        axis = self.ch_axis
        assert axis is not None and is_symmetric(self.qscheme)
        steps = (self.quant_max - self.quant_min) // 2
        rows = x.movedim(axis, 0).reshape(x.shape[axis], -1)
        finite = torch.isfinite(low) & torch.isfinite(high)
        end = (least_squares_scale(torch.where(finite.unsqueeze(1), rows, 0.0), steps) * steps).float()
        return torch.where(finite, -end, low), torch.where(finite, end, high)

    def follow(self, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
        """Return the range of the last tensor."""
        return low, high


def least_squares_scale(rows: Tensor, quant_max: int) -> Tensor:
    """Find the scale s of least `Σᵢ (wᵢ − s·clamp(rne(wᵢ / s), −quant_max, quant_max))²` for each row.

    As s falls, |wᵢ| goes from j to j + 1 steps at `s = |wᵢ| / (j + ½)`. Between two such scales all integers q stay,
    and the best s for them is `Σ|w|q / Σq²`, which takes `(Σ|w|q)² / Σq²` off `Σw²`. So the best of all scales is that
    with the most of this over the prefixes of the sorted scales: exact, and no candidate has to be tried. (Where the
    best s for some integers rounds to others, these are better still, and are among the prefixes too.)

    Below `(max|w| − √E) / quant_max`, E the squared error of MinMax's scale, clipping the largest weight alone costs
    more than E: nothing has to be sorted there. With more than 15 steps a side (8 bits), scales of more than 9/8 of
    MinMax's are left out.

    Args:
        rows: [channels, n] float, finite.
        quant_max: of a symmetric range, ≥ 1.

    Returns: [channels] float64; 0 for a row of zeros.
    """
    magnitudes = rows.detach().abs().double().cpu().numpy()
    parts = range(0, len(magnitudes), max(1, _AT_ONCE // max(1, rows.shape[1] * quant_max)))
    found = [_search(magnitudes[start : start + parts.step], quant_max) for start in parts]
    return torch.from_numpy(np.concatenate(found)).to(rows.device)


def _search(row: Float64, quant_max: int) -> Float64:
    """Search the scales of [channels, n] magnitudes between the least and the greatest that may be best."""
    scale = row.max(1, keepdims=True) / quant_max
    scale[scale == 0.0] = 1.0
    error = np.square(row - np.rint(row / scale).clip(max=quant_max) * scale).sum(1, keepdims=True)
    lowest = scale - np.sqrt(error) / quant_max
    first = np.zeros_like(row)
    if quant_max > _FEW_STEPS:
        first = np.ceil(row / (_WIDEST * scale) - 0.5).clip(0, quant_max)
    last = np.where(lowest > 0.0, np.floor(row / lowest.clip(1e-6 * scale) + 0.5), quant_max).clip(max=quant_max)
    return _best(row, first, last)


def _best(row: Float64, first: Float64, last: Float64) -> Float64:
    """Search the scales at which the integers of [channels, n] magnitudes go from `first` to `last`."""
    channels, magnitude = len(row), row[:, :, None]
    steps = first[:, :, None] + np.arange((last - first).max())  # [channels, n, most]
    passed = steps < last[:, :, None]
    falling = np.where(passed, -magnitude / (steps + 0.5), 0.0).reshape(channels, -1).argsort(1)
    products = _running((row * first).sum(1), magnitude * passed, falling)
    squares = _running(np.square(first).sum(1), (2.0 * steps + 1.0) * passed, falling)
    best = np.argmax(np.square(products) / squares.clip(1.0), 1)[:, None]
    return (np.take_along_axis(products, best, 1) / np.take_along_axis(squares, best, 1).clip(1.0))[:, 0]


def _running(start: Float64, changes: Float64, order: npt.NDArray[np.intp]) -> Float64:
    """Return the sums [channels, 1 + changes] before and after each change, in this order."""
    sorted_changes = np.take_along_axis(changes.reshape(len(start), -1), order, 1)
    return np.concatenate([start[:, None], sorted_changes], 1).cumsum(1)
