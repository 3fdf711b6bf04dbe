"""A running mean of each batch's least and greatest value, per tensor and per channel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
import torch.distributed as dist

from octavo.numerics import DEFAULT_EPS
from octavo.observers.min_max import MinMaxObserver
from octavo.observers.per_channel import PerChannelMinMaxObserver
from octavo.observers.sync import reduce_means


class MovingAverageMinMaxObserver(MinMaxObserver):
    """Smooth the range over batches: `min ← min + c · (min(x) − min)`, `max` likewise; the first batch sets them.

    Args:
        averaging_constant: c, the weight of a new batch, in (0, 1]; 1 keeps the last batch alone.
        dtype, qscheme, reduce_range, quant_min, quant_max, factory_kwargs, eps: see `UniformQuantizationObserverBase`.
        is_dynamic: with c = 1 alone.

    Reference: Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
        Inference", 2018, section 3.1 (ranges of activations).
    """

    def __init__(
        self,
        averaging_constant: float = 0.01,
        dtype: str | torch.dtype = "uint8",
        qscheme: str | torch.qscheme = "per_tensor_affine",
        reduce_range: bool = False,
        quant_min: int | None = None,
        quant_max: int | None = None,
        eps: float = DEFAULT_EPS,
        is_dynamic: bool = False,
        factory_kwargs: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(dtype, qscheme, reduce_range, quant_min, quant_max, factory_kwargs, eps, is_dynamic)
        self.averaging_constant = _checked(averaging_constant)
        if is_dynamic and averaging_constant != 1:
            raise ValueError(
                f"MovingAverageMinMaxObserver: got is_dynamic with averaging_constant {averaging_constant}; dynamic "
                "qparams are those of one tensor, expected averaging_constant=1"
            )

    def follow(self, low: torch.Tensor, high: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the running mean after a batch with these extremes."""
        return _mean(self.min_val, low, self.averaging_constant), _mean(self.max_val, high, self.averaging_constant)

    def sync(self, group: dist.ProcessGroup | None = None) -> None:
        """Take the mean over the ranks that have seen something; all of them must call it."""
        reduce_means(self.min_val, self.max_val, group)


class MovingAveragePerChannelMinMaxObserver(PerChannelMinMaxObserver):
    """Smooth the range of each channel over batches, as `MovingAverageMinMaxObserver` does.

    Args:
        averaging_constant: c, the weight of a new batch, in (0, 1]; 1 keeps the last batch alone.
        ch_axis, dtype, qscheme, reduce_range, quant_min, quant_max, eps, is_dynamic, factory_kwargs: see
            `PerChannelMinMaxObserver`.
    """

    def __init__(
        self,
        averaging_constant: float = 0.01,
        ch_axis: int = 0,
        dtype: str | torch.dtype = "int8",
        qscheme: str | torch.qscheme = "per_channel_symmetric",
        reduce_range: bool = False,
        quant_min: int | None = None,
        quant_max: int | None = None,
        eps: float = DEFAULT_EPS,
        is_dynamic: bool = False,
        factory_kwargs: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(ch_axis, dtype, qscheme, reduce_range, quant_min, quant_max, factory_kwargs, eps, is_dynamic)
        self.averaging_constant = _checked(averaging_constant)

    def follow(self, low: torch.Tensor, high: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the running mean after a batch with these extremes."""
        return _mean(self.min_val, low, self.averaging_constant), _mean(self.max_val, high, self.averaging_constant)

    def sync(self, group: dist.ProcessGroup | None = None) -> None:
        """Take the mean over the ranks that have seen something; all of them must call it."""
        reduce_means(self.min_val, self.max_val, group)


def _checked(averaging_constant: float) -> float:
    if not 0.0 < averaging_constant <= 1.0:
        raise ValueError(f"averaging_constant: got {averaging_constant}, expected a number in (0, 1]")
    return averaging_constant


def _mean(old: torch.Tensor, new: torch.Tensor, constant: float) -> torch.Tensor:
    if constant == 1.0:
        return new
    return torch.where(torch.isfinite(old), old + constant * (new - old), new)
