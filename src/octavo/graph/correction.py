"""What a method that improves a calibrated graph looks like: it watches calibration, then changes the graph."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Any

import torch

from octavo.graph.calibrate import Progress
from octavo.graph.prepare import Prepared


class Correction(ABC):
    """Watch the float values during calibration and rewrite the graph before it is converted.

    Args:
        prepared: what is being calibrated.
    """

    def __init__(self, prepared: Prepared) -> None:
        self.prepared = prepared

    @property
    def steps(self) -> int:
        """How many steps of work `apply` tells of: none where it takes no time to speak of."""
        return 0

    def configured(self, **settings: Any) -> Correction:
        """Return one with other settings that has watched the same calibration.

        Args:
            settings: arguments of the constructor that say how the graph is rewritten, not what is watched; each is
                kept as an attribute of its name with `_` before it.

        Raises:
            TypeError: there is no such setting.
        """
        other = copy.copy(self)
        for name, value in settings.items():
            if f"_{name}" not in vars(self):
                raise TypeError(f"{type(self).__name__}: got the setting {name!r}, which it does not have")
            setattr(other, f"_{name}", value)
        return other

    @abstractmethod
    def watch(self, value: str, tensor: torch.Tensor) -> None:
        """Take note of a value of the float graph for one sample."""

    @abstractmethod
    def apply(self, prepared: Prepared, step: Callable[[], None] = lambda: None) -> Prepared:
        """Return a graph with better constants.

        Args:
            prepared: calibrated, with the changes of other corrections; not changed.
            step: called after each of `steps`.
        """


def correct(prepared: Prepared, corrections: Iterable[Correction], step: Callable[[], None] = lambda: None) -> Prepared:
    """Return a calibrated graph as corrections that have watched its calibration leave it, one after the other."""
    for correction in corrections:
        prepared = correction.apply(prepared, step)
    return prepared


class Steps:
    """Count the steps of calibration and corrections for who wants to know.

    Args:
        progress: called after each; None for nobody.
        samples: how many there are, each a step; None where that is not known yet.
        more: steps after the samples.
        passes: how often each sample is gone through.
    """

    def __init__(self, progress: Progress | None, samples: int | None, more: int = 0, passes: int = 1) -> None:
        self.samples, self.more = samples, more
        self._progress, self._passes, self._done = progress, passes, 0

    def step(self) -> None:
        """Tell of another step."""
        self._done += 1
        if self._progress is not None:
            self._progress(self._done, None if self.samples is None else self.samples * self._passes + self.more)
