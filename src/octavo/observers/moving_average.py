"""A running mean of each batch's least and greatest value."""

from __future__ import annotations

import torch

from octavo.numerics import DEFAULT_EPS
from octavo.observers.base import Observer
from octavo.observers.scan import find_range, flatten_dense


class MovingAverageMinMaxObserver(Observer):
    """Smooth the range over batches: `min ← min + c · (min(x) − min)`, `max` likewise; the first batch sets them.

    Args:
        averaging_constant: c, the weight of a new batch, in (0, 1].
        dtype, qscheme, quant_min, quant_max, eps: see `Observer`.

    Reference: Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
        Inference", 2018, section 3.1 (ranges of activations).
    """

    def __init__(
        self,
        averaging_constant: float = 0.01,
        dtype: str | torch.dtype = "uint8",
        qscheme: str | torch.qscheme = "per_tensor_affine",
        quant_min: int | None = None,
        quant_max: int | None = None,
        eps: float = DEFAULT_EPS,
    ) -> None:
        super().__init__(dtype, qscheme, quant_min, quant_max, eps)
        if not 0.0 < averaging_constant <= 1.0:
            raise ValueError(f"averaging_constant: got {averaging_constant}, expected a number in (0, 1]")
        self.averaging_constant = averaging_constant

    def observe(self, x: torch.Tensor) -> None:
        """Move the range towards that of x."""
        low, high, finite = find_range(flatten_dense(x))
        if not finite:
            self.refuse_non_finite(x)
        for value, new in ((self.min_val, low), (self.max_val, high)):
            old = value.item()
            value.fill_(old + self.averaging_constant * (new - old) if abs(old) != torch.inf else new)
