"""Fake quantization whose scale, and if wanted zero_point, are trained with the weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from octavo.fake_quantize.observed import ObservedFakeQuantize
from octavo.numerics import Qparams, is_symmetric, learned_fake_quantize, symmetric_zero_point
from octavo.observers import MinMaxObserver, ObserverFactory


class LearnedFakeQuantize(ObservedFakeQuantize):
    """Round a tensor to what 8 bits can stand for, with a scale that gradient descent moves.

    The first batch in training while observer and rounding are enabled sets scale and zero_point from the observer's
    range; until then x passes unchanged, afterwards the optimizer alone moves them. `learned_fake_quantize` has the
    gradients. The scale counts by its magnitude, never less than the observer's eps, so that a step of the optimizer
    across 0 does no harm.

    Args:
        observer: makes the observer of the first range.
        quant_min, quant_max: the range of integers; None for the observer's own.
        channels: how many scales there are; None per tensor. Per channel None means: `set_channels` follows, as
            `prepare_qat` calls it, before the optimizer and DistributedDataParallel take hold of the parameters.
        learn_zero_point: whether zero_point is trained too; not with a symmetric scheme, where it is fixed.
        grad_scaling: whether gradients of scale and zero_point are divided by √(N · Q_P), N elements to a scale and Q_P
            integers above real 0 (symmetric) or above quant_min (affine).
        sync: whether the first range is shared over ranks where torch.distributed is initialized.
        observer_kwargs: further settings of the observer.

    Attributes:
        scale: [] or [channels] float32 Parameter.
        zero_point: float32 of scale's shape, used rounded; a Parameter with learn_zero_point, else a buffer.
        initialized: [1] uint8 buffer, whether the first batch was seen.

    Raises:
        ValueError: the settings do not fit each other.

    Reference: Esser et al., "Learned Step Size Quantization", 2020, arXiv:1902.08153, section 2; Bhalgat et al.,
        "LSQ+", 2020, arXiv:2004.09576, section 3.
    """

    scale: torch.Tensor
    zero_point: torch.Tensor
    initialized: torch.Tensor

    def __init__(
        self,
        observer: Callable[..., Any] | ObserverFactory = MinMaxObserver,
        quant_min: int | None = None,
        quant_max: int | None = None,
        channels: int | None = None,
        learn_zero_point: bool = False,
        grad_scaling: bool = True,
        sync: bool = True,
        **observer_kwargs: Any,
    ) -> None:
        super().__init__(observer, quant_min, quant_max, False, sync, **observer_kwargs)
        made = self.activation_post_process
        symmetric = is_symmetric(made.qscheme)
        if channels is not None and made.ch_axis is None:
            raise ValueError(f"LearnedFakeQuantize: got channels={channels} with {made.qscheme}, expected None")
        if learn_zero_point and symmetric:
            raise ValueError(f"LearnedFakeQuantize: got learn_zero_point with {made.qscheme}, which fixes zero_point")
        self._learn_zero_point = learn_zero_point
        self._make_qparams(() if made.ch_axis is None else (channels or 0,))
        self.register_buffer("initialized", torch.zeros(1, dtype=torch.uint8, device=made.device))
        middle = symmetric_zero_point(made.quant_min, made.quant_max) if symmetric else made.quant_min
        self.levels = made.quant_max - middle if grad_scaling else None
        self._initialized = False

    def set_channels(self, channels: int) -> None:
        """Make as many scales to train; `channels=` asks for it when the module is made.

        Raises:
            ValueError: it is per tensor, or has another number of scales already.
        """
        if self.ch_axis is None or self.scale.numel() not in (0, channels):
            has = "one scale for all" if self.ch_axis is None else f"{self.scale.numel()} scales"
            raise ValueError(f"{self.activation_post_process.where()}: set_channels({channels}) where there is {has}")
        if not self.scale.numel():
            self._make_qparams((channels,))

    def _make_qparams(self, shape: tuple[int, ...]) -> None:
        zero_point = torch.zeros(shape, device=self.activation_post_process.device)
        self.scale = nn.Parameter(torch.ones_like(zero_point))
        if self._learn_zero_point:
            self.zero_point = nn.Parameter(zero_point)
        else:
            self.register_buffer("zero_point", zero_point)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return x rounded: x's dtype and shape, computed in float32.

        Raises:
            ValueError: x is not float, or has another number of channels than the scale has entries.
        """
        if not self.is_on("fake_quant_enabled"):
            return x
        if not self._initialized and self._observes(x):
            self._initialize(x)
        if not self._initialized:
            return x
        return learned_fake_quantize(
            x,
            self._positive_scale(),
            self.zero_point.float(),
            self.quant_min,
            self.quant_max,
            self.ch_axis,
            self.levels,
        )

    def qparams(self) -> Qparams:
        """Return the qparams that `forward` uses: convert with these.

        Raises:
            RuntimeError: nothing was observed yet.
        """
        if not self._initialized:
            raise self._not_observed()
        made = self.activation_post_process
        zero_point = self.zero_point.detach().float().round().clamp(made.quant_min, made.quant_max).to(torch.int32)
        return Qparams(
            self._positive_scale().detach().clone(), zero_point, made.quant_min, made.quant_max, made.dtype,
            made.qscheme, made.ch_axis,
        )  # fmt: skip

    def _positive_scale(self) -> torch.Tensor:
        return self.scale.float().abs().clamp(min=self.activation_post_process.eps)

    def start_from_observer(self) -> None:
        """Take the range of all that the observer has been shown, in place of the first batch's.

        Raises:
            RuntimeError: it was shown nothing.
        """
        self._start(*self.activation_post_process.estimate(), "what was observed")

    def _initialize(self, x: torch.Tensor) -> None:
        if not self.scale.numel():
            raise ValueError(
                f"{self.activation_post_process.where()}: the number of scales to train is not known. Remedy: give "
                "LearnedFakeQuantize channels=, or call set_channels before the optimizer is made"
            )
        self._start(*self._track(x), f"the tensor of shape {tuple(x.shape)}")

    @torch.no_grad()
    def _start(self, scale: torch.Tensor, zero_point: torch.Tensor, seen: str) -> None:
        if scale.shape != self.scale.shape:
            raise ValueError(
                f"{self.activation_post_process.where()}: scale has {self.scale.numel()} entries, {seen} has "
                f"{scale.numel()} channels (ch_axis={self.ch_axis})"
            )
        self.scale.copy_(scale)
        self.zero_point.copy_(zero_point)
        self.initialized.fill_(1)
        self._initialized = True

    def extra_repr(self) -> str:
        """Show the switches, the settings and the qparams."""
        return (
            f"fake_quant_enabled={self.fake_quant_enabled}, observer_enabled={self.observer_enabled}, "
            f"quant_min={self.quant_min}, quant_max={self.quant_max}, dtype={self.dtype}, qscheme={self.qscheme}, "
            f"ch_axis={self.ch_axis}, scale={self.scale.detach()}, zero_point={self.zero_point.detach()}"
        )

    def _load_from_state_dict(self, *args: Any, **kwargs: Any) -> None:
        super()._load_from_state_dict(*args, **kwargs)
        self._initialized = bool(self.initialized.any())
