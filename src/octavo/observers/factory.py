"""Make modules of one kind with the same settings, again and again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import nn


@dataclass(frozen=True, repr=False)
class ObserverFactory:
    """Make observers, or fake-quantize modules, of one kind with the same settings; equal where these are equal.

    Args:
        observer: the class, or whatever makes a module of keyword arguments.
        settings: its keyword arguments.
        computed: keyword arguments that are computed anew for each module, by calling what stands here.
    """

    observer: Callable[..., nn.Module]
    settings: Mapping[str, Any] = field(default_factory=dict)
    computed: Mapping[str, Callable[[], Any]] = field(default_factory=dict)

    def __call__(self, **settings: Any) -> Any:
        """Make a new module that has seen nothing; settings given here win."""
        computed = {name: compute() for name, compute in self.computed.items() if name not in settings}
        return self.observer(**{**self.settings, **computed, **settings})

    def with_args(self, **settings: Any) -> ObserverFactory:
        """Return a factory with these settings added."""
        return ObserverFactory(self.observer, {**self.settings, **settings}, self.computed)

    def with_callable_args(self, **computed: Callable[[], Any]) -> ObserverFactory:
        """Return a factory that calls each of these for a setting whenever it makes a module."""
        return ObserverFactory(self.observer, self.settings, {**self.computed, **computed})

    def __repr__(self) -> str:
        settings = (*self.settings.items(), *self.computed.items())
        return f"{_name(self.observer)}.with_args({', '.join(f'{name}={_name(value)}' for name, value in settings)})"


def _name(value: Any) -> str:
    return value.__name__ if isinstance(value, type) else repr(value)
