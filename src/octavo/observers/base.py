"""What every observer has: qparams settings, the range seen so far, and how it is asked."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch
from torch import nn

from octavo.numerics import (
    DEFAULT_EPS,
    Qparams,
    check_quant_range,
    choose_qparams,
    default_quant_range,
    dtype_name,
    qscheme_name,
)


class Observer(nn.Module, ABC):
    """Watch a tensor over many batches and choose qparams for it; the tensor passes through unchanged.

    Args:
        dtype: `"uint8"` or `"int8"`, or the torch dtype.
        qscheme: one that the observer supports, by name or as the torch object.
        quant_min: the least integer to use; default: all of the dtype, [−127, 127] for symmetric int8.
        quant_max: the greatest integer to use.
        eps: the least scale.
        ch_axis: the axis of the channels; None per tensor.

    Attributes:
        name: the layer whose tensor is watched; errors name it.
        min_val, max_val: float32 buffers, the range seen so far (+inf and −inf before the first tensor).

    Raises:
        ValueError: a setting is unknown or does not fit the others.
    """

    qschemes: ClassVar[tuple[str, ...]] = ("per_tensor_affine", "per_tensor_symmetric")

    min_val: torch.Tensor
    max_val: torch.Tensor

    def __init__(
        self,
        dtype: str | torch.dtype = "uint8",
        qscheme: str | torch.qscheme = "per_tensor_affine",
        quant_min: int | None = None,
        quant_max: int | None = None,
        eps: float = DEFAULT_EPS,
        ch_axis: int | None = None,
    ) -> None:
        super().__init__()
        self.name = ""
        self.ch_axis = ch_axis
        self.dtype = dtype_name(dtype)
        self.qscheme = qscheme_name(qscheme)
        if self.qscheme not in self.qschemes:
            raise ValueError(
                f"{type(self).__name__}: got qscheme {self.qscheme!r}, expected one of {', '.join(self.qschemes)}"
            )
        low, high = default_quant_range(self.dtype, self.qscheme)
        self.quant_min = low if quant_min is None else quant_min
        self.quant_max = high if quant_max is None else quant_max
        check_quant_range(self.dtype, self.quant_min, self.quant_max)
        if not 0.0 < eps < math.inf:
            raise ValueError(f"eps: got {eps}, expected a finite number > 0")
        self.eps = eps
        self.register_buffer("min_val", torch.tensor(torch.inf))
        self.register_buffer("max_val", torch.tensor(-torch.inf))

    @classmethod
    def with_args(cls, **settings: Any) -> ObserverFactory:
        """Return a factory that makes this observer with these settings."""
        return ObserverFactory(cls, settings)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Observe x (any shape, finite; nothing happens if it is empty) and return it unchanged.

        Raises:
            ValueError: x holds NaN or infinite values; what was seen before is kept.
        """
        if x.numel():
            self.observe(x.detach())
        return x

    @abstractmethod
    def observe(self, x: torch.Tensor) -> None:
        """Take one tensor into account: not empty, without gradient."""

    def range(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the least and the greatest real number that the qparams should cover."""
        return self.min_val, self.max_val

    def reset_min_max_vals(self) -> None:
        """Forget everything seen so far."""
        self.min_val.fill_(torch.inf)
        self.max_val.fill_(-torch.inf)

    def qparams(self) -> Qparams:
        """Choose qparams for what was seen.

        Raises:
            RuntimeError: nothing was seen yet.
        """
        if not self.min_val.numel() or not bool(torch.isfinite(self.min_val).all()):
            raise RuntimeError(
                f"{self.where()}: calculate_qparams was called, but no tensor was observed. "
                "Remedy: run calibration data through the prepared model before converting it"
            )
        low, high = self.range()
        return choose_qparams(
            low, high, self.dtype, self.qscheme, self.quant_min, self.quant_max, self.eps, self.ch_axis
        )

    def calculate_qparams(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return (scale float32, zero_point int32), [] per tensor or [channels] per channel; raises as `qparams`."""
        qparams = self.qparams()
        return qparams.scale, qparams.zero_point

    def where(self) -> str:
        """Name the observed layer for an error."""
        return f"layer '{self.name}'" if self.name else type(self).__name__

    def refuse_non_finite(self, x: torch.Tensor) -> None:
        """Raise the error for a tensor with NaN or infinite values."""
        bad = int((~torch.isfinite(x.float())).sum())
        raise ValueError(
            f"{self.where()}: {bad} of {x.numel()} observed values of shape {tuple(x.shape)} are NaN or infinite in "
            "float32; expected finite numbers. Remedy: check the calibration data and the model's weights"
        )

    def extra_repr(self) -> str:
        """Show the settings."""
        return f"{self.dtype}, {self.qscheme}, [{self.quant_min}, {self.quant_max}]"


@dataclass(frozen=True)
class ObserverFactory:
    """Make observers of one kind with the same settings.

    Args:
        observer: the class.
        settings: its keyword arguments.
    """

    observer: type[Observer]
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self) -> Observer:
        """Make a new observer that has seen nothing."""
        return self.observer(**self.settings)

    def with_args(self, **settings: Any) -> ObserverFactory:
        """Return a factory with these settings added."""
        return ObserverFactory(self.observer, {**self.settings, **settings})
