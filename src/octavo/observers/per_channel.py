"""The least and the greatest value of each channel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch

from octavo.numerics import DEFAULT_EPS
from octavo.observers.extremes import ExtremesObserver


class PerChannelMinMaxObserver(ExtremesObserver):
    """Cover everything that was seen in each channel; the usual observer of weights.

    Args:
        ch_axis: the axis of the channels, one of x's.
        dtype, qscheme, reduce_range, quant_min, quant_max, factory_kwargs, eps: see `UniformQuantizationObserverBase`;
            here int8 in [−127, 127], symmetric, by default (torch.ao: quint8, affine). With
            `"per_channel_affine_float_qparams"` the zero_point is a real number (rows of an embedding).
        is_dynamic: refused; a channel's qparams are those of a weight.

    Attributes:
        min_val, max_val: [channels] float32, empty before the first tensor.

    Reference: Krishnamoorthi, "Quantizing deep convolutional networks for efficient inference", 2018, section 3.2.
    """

    qschemes: ClassVar[tuple[str, ...]] = (
        "per_channel_affine",
        "per_channel_symmetric",
        "per_channel_affine_float_qparams",
    )

    def __init__(
        self,
        ch_axis: int = 0,
        dtype: str | torch.dtype = "int8",
        qscheme: str | torch.qscheme = "per_channel_symmetric",
        reduce_range: bool = False,
        quant_min: int | None = None,
        quant_max: int | None = None,
        factory_kwargs: Mapping[str, Any] | None = None,
        eps: float = DEFAULT_EPS,
        is_dynamic: bool = False,
    ) -> None:
        if is_dynamic:
            raise ValueError(f"{type(self).__name__}: got is_dynamic; dynamic qparams are per tensor: MinMaxObserver")
        super().__init__(dtype, qscheme, reduce_range, quant_min, quant_max, factory_kwargs, eps, is_dynamic, ch_axis)
        self.reset_min_max_vals()

    def extremes(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the least and the greatest value of each channel, [channels] float32.

        Raises:
            ValueError: x has no such axis, or another number of channels than what was seen before.
        """
        axis = self.ch_axis
        if axis is None or not -x.dim() <= axis < x.dim():
            raise ValueError(f"{self.where()}: a tensor of shape {tuple(x.shape)} has no axis ch_axis={axis}")
        channels = x.shape[axis]
        if self.min_val.numel() not in (0, channels):
            raise ValueError(
                f"{self.where()}: got {channels} channels, {self.min_val.numel()} were observed before "
                f"(ch_axis={self.ch_axis})"
            )
        low, high = torch.aminmax(x.movedim(axis, 0).reshape(channels, -1), dim=1)
        return low.float(), high.float()

    def reset_min_max_vals(self) -> None:
        """Forget everything seen so far, the number of channels too."""
        self.min_val.resize_(0)
        self.max_val.resize_(0)
