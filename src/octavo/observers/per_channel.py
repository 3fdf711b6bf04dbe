"""The least and the greatest value of each channel."""

from __future__ import annotations

from typing import Any, ClassVar

import torch

from octavo.numerics import DEFAULT_EPS
from octavo.observers.base import Observer


class PerChannelMinMaxObserver(Observer):
    """Cover everything that was seen in each channel; the usual observer of weights.

    Args:
        ch_axis: the axis of the channels, one of x's.
        dtype, qscheme, quant_min, quant_max, eps: see `Observer`; here int8 in [−127, 127], symmetric, by default.

    Attributes:
        min_val, max_val: [channels] float32, empty before the first tensor.

    Reference: Krishnamoorthi, "Quantizing deep convolutional networks for efficient inference", 2018, section 3.2.
    """

    qschemes: ClassVar[tuple[str, ...]] = ("per_channel_affine", "per_channel_symmetric")

    def __init__(
        self,
        ch_axis: int = 0,
        dtype: str | torch.dtype = "int8",
        qscheme: str | torch.qscheme = "per_channel_symmetric",
        quant_min: int | None = None,
        quant_max: int | None = None,
        eps: float = DEFAULT_EPS,
    ) -> None:
        super().__init__(dtype, qscheme, quant_min, quant_max, eps, ch_axis)
        self.reset_min_max_vals()

    def observe(self, x: torch.Tensor) -> None:
        """Widen each channel's range to hold x."""
        axis = self.ch_axis
        if axis is None or not -x.dim() <= axis < x.dim():
            raise ValueError(f"{self.where()}: a tensor of shape {tuple(x.shape)} has no axis ch_axis={axis}")
        channels = x.float().movedim(axis, 0).reshape(x.shape[axis], -1)
        low, high = torch.aminmax(channels, dim=1)
        if not bool((torch.isfinite(low) & torch.isfinite(high)).all()):
            self.refuse_non_finite(x)
        if not self.min_val.numel():
            self.min_val, self.max_val = low, high
            return
        if self.min_val.shape != low.shape:
            raise ValueError(
                f"{self.where()}: got {low.numel()} channels, {self.min_val.numel()} were observed before "
                f"(ch_axis={self.ch_axis})"
            )
        self.min_val = torch.minimum(self.min_val, low)
        self.max_val = torch.maximum(self.max_val, high)

    def reset_min_max_vals(self) -> None:
        """Forget everything seen so far, the number of channels too."""
        self.min_val = self.min_val.new_empty(0)
        self.max_val = self.max_val.new_empty(0)

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *args: Any, **kwargs: Any) -> None:
        # The number of channels is part of the state: take the buffers' shape from what is loaded.
        for buffer in ("min_val", "max_val"):
            saved = state_dict.get(prefix + buffer)
            if saved is not None:
                setattr(self, buffer, getattr(self, buffer).new_empty(saved.shape))
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)
