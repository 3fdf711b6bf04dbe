"""How one layer is quantized."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from octavo.observers import Observer

Factory = Callable[[], Observer]
"""Makes a new observer at each call: an observer class, or what its `with_args` returns."""


@dataclass(frozen=True)
class QConfig:
    """Say which observers choose a layer's qparams.

    Args:
        activation: makes the observer of each activation.
        weight: makes the observer of a weight.

    Raises:
        TypeError: one of them is an observer instead of what makes one: layers would share its range.
    """

    activation: Factory
    weight: Factory

    def __post_init__(self) -> None:
        for role, factory in (("activation", self.activation), ("weight", self.weight)):
            if isinstance(factory, Observer) or not callable(factory):
                raise TypeError(
                    f"QConfig: {role} is {type(factory).__name__}, expected what makes an observer, "
                    "such as HistogramObserver.with_args(dtype='uint8')"
                )
