"""The range that keeps the distribution of what was seen: least Kullback-Leibler divergence."""

from __future__ import annotations

import numpy as np
import torch

from octavo.numerics import is_symmetric, qscheme_name
from octavo.observers.density import Float64
from octavo.observers.histogram import HistogramObserver

_CANDIDATES = 256
"""How many thresholds are tried at most: neighbours among more differ in a bin or two of thousands."""


class EntropyObserver(HistogramObserver):
    """Choose the threshold at which the clipped and quantized distribution tells most of the original one.

    The threshold is one for magnitudes; an end that nothing reaches stays where it is. Each bin of magnitudes below it
    is one outcome, what lies beyond belongs to the last; quantized, the outcomes of a level share its counts evenly,
    but for those that never occurred.

    Args:
        all: see `HistogramObserver`.

    Reference: Migacz, 8-bit Inference with TensorRT, GPU Technology Conference 2017, "Entropy calibration".
    """

    def range(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the ends of the range that this threshold leaves."""
        density = self.density()
        magnitudes = density.magnitudes()
        two_sided = is_symmetric(qscheme_name(self.qscheme)) or density.low < 0.0 < density.high
        levels = (self.quant_max - self.quant_min + 1) // (2 if two_sided else 1)
        end = min(best_threshold(magnitudes.counts, levels) * magnitudes.width, magnitudes.high)
        low, high = max(density.low, -end), min(density.high, end)
        return torch.tensor(low, dtype=torch.float64), torch.tensor(high, dtype=torch.float64)


def best_threshold(counts: Float64, levels: int) -> int:
    """Return how many of the first bins to keep, so that the divergence is least.

    Args:
        counts: [bins] ≥ 0, of magnitudes; bin 0 begins at 0.
        levels: how many levels the kept bins are quantized to.

    Returns: between `levels` and bins; bins where there are no more than levels.
    """
    bins = len(counts)
    if bins <= levels:
        return bins
    thresholds = np.unique(np.linspace(levels, bins, min(_CANDIDATES, bins - levels + 1)).round().astype(int))
    divergences = [divergence(counts, int(threshold), levels) for threshold in thresholds]
    # Of equals the widest, which clips least.
    return int(thresholds[len(thresholds) - 1 - int(np.argmin(divergences[::-1]))])


def divergence(counts: Float64, threshold: int, levels: int) -> float:
    """Return `Σ P log(P / Q)`: P has all counts, what lies beyond the threshold in its last bin, Q is P quantized.

    Args:
        counts: [bins] ≥ 0.
        threshold: how many bins are kept, ≥ levels.
        levels: how many levels they are quantized to, of as equal a number of bins as can be.

    Returns: nats ≥ 0; infinite where Q rules out what P has.
    """
    kept = counts[:threshold]
    p = kept.copy()
    p[-1] += counts[threshold:].sum()
    level = np.arange(threshold) * levels // threshold
    occurs = p > 0.0
    total = np.bincount(level, weights=kept, minlength=levels)
    share = np.bincount(level, weights=occurs, minlength=levels)
    q = np.where(occurs, total[level] / np.maximum(share[level], 1.0), 0.0)
    if q.sum() == 0.0 or np.any(occurs & (q == 0.0)):
        return np.inf
    p, q = p[occurs] / p.sum(), q[occurs] / q.sum()
    return float((p * np.log(p / q)).sum())
