"""What converters and fake-quantize modules ask of every observer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import torch
import torch.distributed as dist
from torch import nn

from octavo.numerics import Qparams
from octavo.observers.factory import ObserverFactory


class ObserverBase(nn.Module, ABC):
    """Watch a tensor that passes through unchanged; tell how it should be quantized.

    A subclass has `forward`, which looks at a tensor and returns it, and `calculate_qparams`.

    Args:
        dtype: the torch dtype, or its name.
        is_dynamic: whether qparams are chosen for each tensor when the model runs.

    Attributes:
        name: the layer whose tensor is watched; errors name it.
        dtype: the name: `"uint8"` for torch.uint8 and torch.quint8, `"float16"` for torch.float16.
        ch_axis: the axis of the channels; None per tensor.
    """

    ch_axis: int | None

    def __init__(self, dtype: str | torch.dtype, is_dynamic: bool = False) -> None:
        super().__init__()
        self.name = ""
        self.dtype = str(dtype).removeprefix("torch.").removeprefix("q")
        self.is_dynamic = is_dynamic
        self.ch_axis = None

    @classmethod
    def with_args(cls, **settings: Any) -> ObserverFactory:
        """Return a factory that makes this observer with these settings."""
        return ObserverFactory(cls, settings)

    @classmethod
    def with_callable_args(cls, **computed: Callable[[], Any]) -> ObserverFactory:
        """Return a factory that makes this observer and calls each of these for a setting whenever it does."""
        return ObserverFactory(cls, {}, computed)

    @abstractmethod
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Look at x and return it unchanged."""

    @abstractmethod
    def calculate_qparams(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return (scale, zero_point)."""

    def qparams(self) -> Qparams:
        """Return the qparams with all that belongs to them.

        Raises:
            RuntimeError: this observer chooses none, or has seen nothing.
        """
        raise RuntimeError(
            f"{self.where()}: {type(self).__name__} chooses no qparams. Remedy: give its QConfig an observer that "
            "does, such as MinMaxObserver"
        )

    def track(self, x: torch.Tensor) -> None:
        """Look at x in training, where it may be on a device that must not wait for the host."""
        self(x)

    def estimate(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return (scale, zero_point) for what was tracked so far."""
        return self.calculate_qparams()

    def has_seen(self) -> bool:
        """Tell whether there are qparams to ask for."""
        return True

    def sync(self, group: dist.ProcessGroup | None = None) -> None:
        """Share what was seen with the other ranks; all of them must call it. Here there is nothing to share."""

    def where(self) -> str:
        """Name the observed layer for an error."""
        return f"layer '{self.name}'" if self.name else type(self).__name__
