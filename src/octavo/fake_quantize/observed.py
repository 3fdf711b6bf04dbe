"""Fake-quantize modules that hold an observer."""

from __future__ import annotations

from abc import ABC
from collections.abc import Callable
from typing import Any

import torch

from octavo.fake_quantize.base import FakeQuantizeBase
from octavo.observers import ObserverBase, ObserverFactory, UniformQuantizationObserverBase, is_distributed


class ObservedFakeQuantize(FakeQuantizeBase, ABC):
    """Hold an observer and its settings.

    Args:
        observer: makes the observer.
        quant_min, quant_max: its range of integers; None for its own.
        is_dynamic: whether each tensor gets qparams of its own, in eval too.
        sync: whether ranges are shared over ranks at each step where torch.distributed is initialized.
        observer_kwargs: its further settings.

    Attributes:
        activation_post_process: the observer.
        name: the layer whose tensor is rounded; errors name it.
    """

    activation_post_process: UniformQuantizationObserverBase

    def __init__(
        self,
        observer: Callable[..., Any] | ObserverFactory,
        quant_min: int | None = None,
        quant_max: int | None = None,
        is_dynamic: bool = False,
        sync: bool = True,
        **observer_kwargs: Any,
    ) -> None:
        super().__init__()
        given = {"quant_min": quant_min, "quant_max": quant_max, "is_dynamic": is_dynamic or None}
        made = observer(**observer_kwargs, **{key: value for key, value in given.items() if value is not None})
        if not isinstance(made, UniformQuantizationObserverBase) or made.dtype == "int32":
            kind = "int32" if isinstance(made, ObserverBase) and made.dtype == "int32" else type(made).__name__
            raise ValueError(
                f"{type(self).__name__}: got the observer {kind}, expected one that chooses qparams of 8 bits, such as "
                "MovingAverageMinMaxObserver"
            )
        self.activation_post_process = made
        self.is_dynamic = made.is_dynamic
        self.sync = sync

    @property
    def name(self) -> str:
        """Return the layer's name, kept in the observer."""
        return self.activation_post_process.name

    @name.setter
    def name(self, name: str) -> None:
        self.activation_post_process.name = name

    @property
    def quant_min(self) -> int:
        """Return the least integer."""
        return self.activation_post_process.quant_min

    @property
    def quant_max(self) -> int:
        """Return the greatest integer."""
        return self.activation_post_process.quant_max

    @property
    def dtype(self) -> str:
        """Return the name of the dtype that is imitated."""
        return self.activation_post_process.dtype

    @property
    def qscheme(self) -> str:
        """Return the name of the scheme."""
        return self.activation_post_process.qscheme

    @property
    def ch_axis(self) -> int | None:
        """Return the axis of the channels; None per tensor."""
        return self.activation_post_process.ch_axis

    @ch_axis.setter
    def ch_axis(self, ch_axis: int | None) -> None:
        self.activation_post_process.ch_axis = ch_axis

    @property
    def is_per_channel(self) -> bool:
        """Tell whether each channel has a scale of its own."""
        return self.ch_axis is not None

    def _observes(self, x: torch.Tensor) -> bool:
        """Tell whether x moves the range: in training alone, but that of a dynamic module always."""
        return (self.training or self.is_dynamic) and self.is_on("observer_enabled") and x.numel() > 0

    def _track(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Show x to the observer and return (scale, zero_point) for all that it and the other ranks have seen."""
        self.activation_post_process.track(x.detach())
        if self.sync and is_distributed():
            self.activation_post_process.sync()
        return self.activation_post_process.estimate()

    def _not_observed(self) -> RuntimeError:
        return RuntimeError(
            f"{self.activation_post_process.where()}: no tensor was observed, so there is no scale. Remedy: run "
            "training data through the prepared model in train() mode before converting it"
        )
