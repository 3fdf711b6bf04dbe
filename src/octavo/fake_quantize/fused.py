"""The moving-average form by the name under which people ask for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from octavo.fake_quantize.fake_quantize import FakeQuantize
from octavo.observers import (
    MovingAverageMinMaxObserver,
    MovingAveragePerChannelMinMaxObserver,
    ObserverFactory,
)


class FusedMovingAvgObsFakeQuantize(FakeQuantize):
    """Do what `FakeQuantize` does with a moving average, and with no other observer.

    Args: see `FakeQuantize`.

    Raises:
        ValueError: the observer is no moving average.
    """

    def __init__(
        self,
        observer: Callable[..., Any] | ObserverFactory = MovingAverageMinMaxObserver,
        quant_min: int | None = None,
        quant_max: int | None = None,
        is_dynamic: bool = False,
        sync: bool = True,
        **observer_kwargs: Any,
    ) -> None:
        super().__init__(observer, quant_min, quant_max, is_dynamic, sync, **observer_kwargs)
        made = self.activation_post_process
        if not isinstance(made, (MovingAverageMinMaxObserver, MovingAveragePerChannelMinMaxObserver)):
            raise ValueError(
                f"FusedMovingAvgObsFakeQuantize: got {type(made).__name__}, expected MovingAverageMinMaxObserver or "
                "MovingAveragePerChannelMinMaxObserver. Remedy: FakeQuantize takes any observer"
            )
