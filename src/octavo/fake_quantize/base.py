"""What every fake-quantize module has: the two switches, and qparams to convert with."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import nn

from octavo.numerics import Qparams
from octavo.observers import ObserverFactory

_SWITCHES = ("fake_quant_enabled", "observer_enabled")


class FakeQuantizeBase(nn.Module, ABC):
    """Round a tensor in training to the numbers that 8 bits can stand for; a subclass says how.

    Attributes:
        fake_quant_enabled, observer_enabled: [1] uint8 buffers, so that they are saved and shared over ranks.
    """

    fake_quant_enabled: torch.Tensor
    observer_enabled: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        for switch in _SWITCHES:
            self.register_buffer(switch, torch.ones(1, dtype=torch.uint8))
        # What the switches said when they were last read: a device need not be asked again, and compiled code is
        # specialized on it.
        self._on: dict[str, bool] = dict.fromkeys(_SWITCHES, True)
        self._read_at: dict[str, tuple[int, int]] = {}

    @classmethod
    def with_args(cls, **settings: Any) -> ObserverFactory:
        """Return a factory that makes this module with these settings."""
        return ObserverFactory(cls, settings)

    @abstractmethod
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Observe x where that is enabled, and return it fake-quantized where that is."""

    @abstractmethod
    def qparams(self) -> Qparams:
        """Return the qparams that `forward` uses in eval: convert with these.

        Raises:
            RuntimeError: nothing was observed yet.
        """

    def refresh(self, weight: torch.Tensor) -> None:
        """Take the range of a weight as it is now, in evaluation too, where it is enabled and keeps no memory.

        The optimizer has moved the weight, and batch norm its folding, since `forward` saw it. Here nothing is done.
        """

    def calculate_qparams(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return (scale float32, zero_point), [] per tensor or [channels] per channel; raises as `qparams`."""
        qparams = self.qparams()
        return qparams.scale, qparams.zero_point

    def enable_fake_quant(self, enabled: bool = True) -> None:
        """Round what passes through, or let it pass unchanged."""
        self._turn("fake_quant_enabled", enabled)

    def disable_fake_quant(self) -> None:
        """Let what passes through pass unchanged."""
        self.enable_fake_quant(False)

    def enable_observer(self, enabled: bool = True) -> None:
        """Let what passes through in training move the range, or freeze it."""
        self._turn("observer_enabled", enabled)

    def disable_observer(self) -> None:
        """Freeze the range."""
        self.enable_observer(False)

    def _turn(self, switch: str, enabled: bool) -> None:
        getattr(self, switch).fill_(int(enabled))
        self.is_on(switch)

    def is_on(self, switch: str) -> bool:
        """Tell whether `switch`, one of the buffers' names, is on; its device is asked only if it was written since."""
        if torch.compiler.is_compiling():
            return self._on[switch]
        flag = getattr(self, switch)
        version = (id(flag), -1 if flag.is_inference() else flag._version)
        if version[1] < 0 or self._read_at.get(switch) != version:
            self._on[switch], self._read_at[switch] = bool(flag.any()), version
        return self._on[switch]

    def _load_from_state_dict(self, *args: Any, **kwargs: Any) -> None:
        super()._load_from_state_dict(*args, **kwargs)
        for switch in _SWITCHES:
            self.is_on(switch)


def enable_fake_quant(module: nn.Module) -> None:
    """Enable rounding in a fake-quantize module, `model.apply(enable_fake_quant)`; others stay as they are."""
    if isinstance(module, FakeQuantizeBase):
        module.enable_fake_quant()


def disable_fake_quant(module: nn.Module) -> None:
    """Disable rounding in a fake-quantize module, `model.apply(disable_fake_quant)`; others stay as they are."""
    if isinstance(module, FakeQuantizeBase):
        module.disable_fake_quant()


def enable_observer(module: nn.Module) -> None:
    """Let the range of a fake-quantize module move, `model.apply(enable_observer)`; others stay as they are."""
    if isinstance(module, FakeQuantizeBase):
        module.enable_observer()


def disable_observer(module: nn.Module) -> None:
    """Freeze the range of a fake-quantize module, `model.apply(disable_observer)`; others stay as they are."""
    if isinstance(module, FakeQuantizeBase):
        module.disable_observer()
