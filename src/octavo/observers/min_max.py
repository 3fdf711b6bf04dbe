"""The least and the greatest value ever seen."""

from __future__ import annotations

import torch

from octavo.observers.base import Observer
from octavo.observers.scan import find_range, flatten_dense


class MinMaxObserver(Observer):
    """Cover everything that was seen: `min = min over batches of min(x)`, `max` likewise.

    Reference: Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
        Inference", 2018, section 3.1 (ranges of weights).
    """

    def observe(self, x: torch.Tensor) -> None:
        """Widen the range to hold x."""
        low, high, finite = find_range(flatten_dense(x))
        if not finite:
            self.refuse_non_finite(x)
        self.min_val.clamp_(max=low)
        self.max_val.clamp_(min=high)
