"""Qparams that are known beforehand."""

from __future__ import annotations

import torch

from octavo.observers.uniform import UniformQuantizationObserverBase


class FixedQParamsObserver(UniformQuantizationObserverBase):
    """Choose the qparams it was given, whatever it sees.

    Args:
        scale: > 0.
        zero_point: an integer in [quant_min, quant_max].
        dtype, qscheme, quant_min, quant_max: see `UniformQuantizationObserverBase`; per tensor.
        is_dynamic: refused.

    Attributes:
        scale: [] float32 buffer.
        zero_point: [] int32 buffer.

    Raises:
        ValueError: the settings do not fit each other.
    """

    scale: torch.Tensor
    zero_point: torch.Tensor

    def __init__(
        self,
        scale: float,
        zero_point: int,
        dtype: str | torch.dtype = "uint8",
        qscheme: str | torch.qscheme = "per_tensor_affine",
        quant_min: int = 0,
        quant_max: int = 255,
        is_dynamic: bool = False,
    ) -> None:
        if is_dynamic:
            raise ValueError("FixedQParamsObserver: got is_dynamic, but its qparams are fixed")
        super().__init__(dtype, qscheme, False, quant_min, quant_max)
        self.register_buffer("scale", torch.tensor(float(scale)))
        self.register_buffer("zero_point", torch.tensor(int(zero_point), dtype=torch.int32))
        self.qparams()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return x unchanged."""
        return x

    def calculate_qparams(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return (scale float32, zero_point int32), both []."""
        return self.scale, self.zero_point

    def extra_repr(self) -> str:
        """Show the qparams."""
        return f"scale={self.scale.item()}, zero_point={self.zero_point.item()}"
