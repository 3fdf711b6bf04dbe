"""The least and the greatest value ever seen."""

from __future__ import annotations

import torch

from octavo.observers.extremes import ExtremesObserver
from octavo.observers.scan import find_range, flatten_dense


class MinMaxObserver(ExtremesObserver):
    """Cover everything that was seen: `min = min over batches of min(x)`, `max` likewise.

    Args: see `UniformQuantizationObserverBase`.

    Reference: Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
        Inference", 2018, section 3.1 (ranges of weights).
    """

    def extremes(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the least and the greatest value of x, [] float32."""
        low, high = torch.aminmax(x)
        return low.float(), high.float()

    def observe(self, x: torch.Tensor) -> None:
        """Move the range by x."""
        low, high, finite = find_range(flatten_dense(x))
        if not finite:
            self.refuse_non_finite(x)
        self._move(*torch.tensor([low, high], device=self.min_val.device).unbind())
