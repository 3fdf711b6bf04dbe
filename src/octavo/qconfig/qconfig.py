"""How one layer is quantized."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from torch import nn

Factory: TypeAlias = Callable[[], nn.Module]
"""Makes a new observer or fake-quantize module at each call: a class, or what its `with_args` returns."""


class _Factories(NamedTuple):
    activation: Factory
    weight: Factory


class QConfig(_Factories):
    """Say which observers, or in training which fake-quantize modules, choose a layer's qparams.

    Args:
        activation: makes the one of each activation; `torch.nn.Identity` leaves activations in float.
        weight: makes the one of a weight; `torch.nn.Identity` leaves weights in float.

    Raises:
        TypeError: one of them is an observer instead of what makes one: layers would share its range.
    """

    __slots__ = ()

    def __new__(cls, activation: Factory, weight: Factory) -> QConfig:
        """Check what is given."""
        for role, factory in (("activation", activation), ("weight", weight)):
            if isinstance(factory, nn.Module) or not callable(factory):
                raise TypeError(
                    f"QConfig: {role} is {type(factory).__name__}, expected what makes an observer, "
                    "such as HistogramObserver.with_args(dtype='uint8')"
                )
        return super().__new__(cls, activation, weight)


QConfigAny: TypeAlias = QConfig | None
"""How a layer is quantized; None: it stays in float."""


class QConfigDynamic(QConfig):
    """Say how a layer is quantized dynamically: the name of old code for `QConfig`.

    Args:
        activation: makes the observer of each activation; not needed.
        weight: makes the observer of a weight.

    Raises:
        TypeError: as `QConfig`.
    """

    __slots__ = ()

    def __new__(cls, activation: Factory = nn.Identity, weight: Factory = nn.Identity) -> QConfigDynamic:
        """Check what is given."""
        made = super().__new__(cls, activation, weight)
        assert isinstance(made, QConfigDynamic)
        return made


def qconfig_equals(first: QConfigAny, second: QConfigAny) -> bool:
    """Tell whether two QConfigs make the same observers with the same settings; None equals None alone."""
    return first == second
