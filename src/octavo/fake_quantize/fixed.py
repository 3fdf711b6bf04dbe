"""Fake quantization with qparams that are known beforehand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from octavo.fake_quantize.fake_quantize import FakeQuantize
from octavo.observers import FixedQParamsObserver, ObserverFactory


class FixedQParamsFakeQuantize(FakeQuantize):
    """Round a tensor with fixed qparams, whatever passes through.

    Args:
        observer: makes a FixedQParamsObserver.

    Raises:
        ValueError: it makes another observer.
    """

    def __init__(self, observer: Callable[..., Any] | ObserverFactory) -> None:
        super().__init__(observer, sync=False)
        made = self.activation_post_process
        if not isinstance(made, FixedQParamsObserver):
            raise ValueError(f"FixedQParamsFakeQuantize: got {type(made).__name__}, expected FixedQParamsObserver")
        self._set(made.scale, made.zero_point)
