"""The range that leaves out a given share of what was seen."""

from __future__ import annotations

from typing import Any

import torch

from octavo.numerics import is_symmetric, qscheme_name
from octavo.observers.histogram import HistogramObserver


class PercentileObserver(HistogramObserver):
    """Choose the range that holds a given percentage of everything seen.

    Half of what is left out lies at each end; of a symmetric scheme the largest magnitudes are left out, wherever they
    lie. Between the edges of a bin counts are taken for evenly spread.

    Args:
        percentile: in (0, 100]; 100 is the range of everything seen.
        others: see `HistogramObserver`.

    Raises:
        ValueError: percentile is out of range, or see `HistogramObserver`.

    Reference: Wu et al., Integer Quantization for Deep Learning Inference: Principles and Empirical Evaluation, 2020,
        section 4 ("Percentile").
    """

    def __init__(self, percentile: float = 99.99, **others: Any) -> None:
        super().__init__(**others)
        if not 0.0 < percentile <= 100.0:
            raise ValueError(f"percentile: got {percentile}, expected a number in (0, 100]")
        self.percentile = float(percentile)

    def range(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the ends of that range."""
        density, share = self.density(), self.percentile / 100.0
        if is_symmetric(qscheme_name(self.qscheme)):
            end = density.magnitudes().quantile(share)
            ends = (-end, end)
        else:
            ends = (density.quantile((1.0 - share) / 2.0), density.quantile((1.0 + share) / 2.0))
        low, high = (torch.tensor(end, dtype=torch.float64) for end in ends)
        return low, high
