"""Dropout after training."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn


class Dropout(nn.Dropout):
    """Return the input: a quantized model does not train."""

    @classmethod
    def from_float(cls, mod: Any, use_precomputed_fake_quant: bool = False) -> Dropout:
        """Make one of a float module."""
        return cls(mod.p, mod.inplace)

    def forward(self, input: Tensor) -> Tensor:
        """Return the input."""
        return input

    def _get_name(self) -> str:
        return "QuantizedDropout"
