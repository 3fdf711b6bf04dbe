"""The range grown from the most frequent value until what saturates outside of it is worth no more."""

from __future__ import annotations

import numpy as np
import torch

from octavo.numerics import is_symmetric, qscheme_name
from octavo.observers.density import Density, Float64
from octavo.observers.histogram import HistogramObserver
from octavo.observers.search import range_errors

_BINS = 256
"""How many bins the range grows by at most, as there are levels: neighbours among more hardly differ."""


class SaturationObserver(HistogramObserver):
    """Choose, of the ranges that grow around the most frequent value, that of least error, saturation included.

    The first range is the fullest bin; each next one has a bin more, below and above by turns, as long as there are
    any. Each is judged by its squared error: what rounding leaves inside falls as a range shrinks, what saturates
    outside grows. 256 ranges are looked at, where `HistogramObserver` looks at both ends apart and finds what
    is at least as good; this is for who wants TensorFlow's ranges.

    Args:
        all: see `HistogramObserver`.

    Reference: the calibration method HISTOGRAM_MSE_MAX_FREQUENCY of TensorFlow's quantizer for TensorFlow Lite and
        StableHLO (`tensorflow/compiler/mlir/quantization`), whose bins stand for their middles; here counts lie evenly
        in theirs.
    """

    def range(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the ends of that range."""
        density = self.density()
        ends = growing_ranges(density)
        symmetric = is_symmetric(qscheme_name(self.qscheme))
        errors = range_errors(density, ends, symmetric, self.dtype, self.quant_min, self.quant_max, self.eps)
        low, high = ends[int(errors.argmin())]
        return torch.tensor(low, dtype=torch.float64), torch.tensor(high, dtype=torch.float64)


def growing_ranges(density: Density) -> Float64:
    """Return the ranges that grow from the fullest bin: [k, 2], the last of them everything that was seen."""
    whole = -(-len(density.counts) // _BINS)
    counts = np.add.reduceat(density.counts, np.arange(0, len(density.counts), whole))
    last = len(counts) - 1
    start = int(counts.argmax())
    turns = np.arange(last + 1)
    below, above = (turns + 1) // 2, turns // 2  # by turns, until one side has no more: the other takes all turns then
    below = np.minimum(np.maximum(below, turns - (last - start)), start)
    above = turns - below
    edges = (np.arange(len(counts) + 1) * whole + density.first) * density.width
    edges[0], edges[-1] = density.low, density.high
    return np.stack([edges[start - below], edges[start + above + 1]], 1).astype(np.float64)
