"""What every observer of a range has: what was seen so far, and how it is asked."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import torch

from octavo.numerics import DEFAULT_EPS, Qparams
from octavo.observers.uniform import UniformQuantizationObserverBase


class Observer(UniformQuantizationObserverBase, ABC):
    """Watch a tensor over many batches and choose qparams for it; the tensor passes through unchanged.

    Args: see `UniformQuantizationObserverBase`.

    Attributes:
        min_val, max_val: float32 buffers, the range seen so far (+inf and −inf before the first tensor).
    """

    min_val: torch.Tensor
    max_val: torch.Tensor

    def __init__(
        self,
        dtype: str | torch.dtype = "uint8",
        qscheme: str | torch.qscheme = "per_tensor_affine",
        reduce_range: bool = False,
        quant_min: int | None = None,
        quant_max: int | None = None,
        factory_kwargs: Mapping[str, Any] | None = None,
        eps: float = DEFAULT_EPS,
        is_dynamic: bool = False,
        ch_axis: int | None = None,
    ) -> None:
        super().__init__(dtype, qscheme, reduce_range, quant_min, quant_max, factory_kwargs, eps, is_dynamic, ch_axis)
        self.register_buffer("min_val", torch.tensor(torch.inf, device=self.device))
        self.register_buffer("max_val", torch.tensor(-torch.inf, device=self.device))

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

    def track(self, x: torch.Tensor) -> None:
        """Observe x in training: where an observer can, on x's device, and without x where it is not finite."""
        self.forward(x)

    def range(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the least and the greatest real number that the qparams should cover."""
        return self.min_val, self.max_val

    def reset_min_max_vals(self) -> None:
        """Forget everything seen so far."""
        self.min_val.fill_(torch.inf)
        self.max_val.fill_(-torch.inf)

    def has_seen(self) -> bool:
        """Tell whether a tensor was observed."""
        return bool(self.min_val.numel()) and bool(torch.isfinite(self.min_val).all())

    def qparams(self) -> Qparams:
        """Choose qparams for what was seen.

        Raises:
            RuntimeError: nothing was seen yet.
        """
        if not self.has_seen():
            raise RuntimeError(
                f"{self.where()}: calculate_qparams was called, but no tensor was observed. "
                "Remedy: run calibration data through the prepared model before converting it"
            )
        return self.choose(*self.range())

    def calculate_qparams(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return (scale float32, zero_point int32), [] per tensor or [channels] per channel; raises as `qparams`."""
        qparams = self.qparams()
        return qparams.scale, qparams.zero_point

    def estimate(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return what `calculate_qparams` does without looking at the range; before the first tensor scale is 1."""
        low, high = self.range()
        seen = torch.isfinite(low)
        nothing = torch.zeros_like(low)
        return self._calculate_qparams(torch.where(seen, low, nothing), torch.where(seen, high, nothing))

    def refuse_non_finite(self, x: torch.Tensor) -> None:
        """Raise the error for a tensor with NaN or infinite values."""
        bad = int((~torch.isfinite(x.float())).sum())
        raise ValueError(
            f"{self.where()}: {bad} of {x.numel()} observed values of shape {tuple(x.shape)} are NaN or infinite in "
            "float32; expected finite numbers. Remedy: check the calibration data and the model's weights"
        )

    def extra_repr(self) -> str:
        """Show the range seen so far."""
        return f"min_val={self.min_val}, max_val={self.max_val}"

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *args: Any, **kwargs: Any) -> None:
        # The number of channels is part of the state. eps is a setting here, and a buffer with torch.ao.
        state_dict.pop(prefix + "eps", None)
        for name in ("min_val", "max_val"):
            saved = state_dict.get(prefix + name)
            if saved is not None and self.ch_axis is not None:
                getattr(self, name).resize_(saved.shape)
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)
