"""Every tensor that was seen, kept."""

from __future__ import annotations

import torch

from octavo.observers.placeholder import NoopObserver


class RecordingObserver(NoopObserver):
    """Keep a copy of every tensor, for debugging; memory grows with each. It chooses no qparams.

    Args:
        dtype: the torch dtype, or its name.

    Attributes:
        tensor_val: the tensors, in order.
    """

    def __init__(self, dtype: str | torch.dtype = "uint8") -> None:
        super().__init__(dtype)
        self.tensor_val: list[torch.Tensor] = []

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Keep a copy of x, outside of the autograd graph, and return x."""
        self.tensor_val.append(x.detach().clone())
        return x

    def get_tensor_value(self) -> list[torch.Tensor]:
        """Return the tensors seen so far, in order."""
        return self.tensor_val
