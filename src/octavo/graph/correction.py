"""What a method that improves a calibrated graph looks like: it watches calibration, then changes the graph."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

import torch

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
