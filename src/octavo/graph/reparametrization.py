"""What a method looks like that changes the weights of a float graph, and not what it computes, for 8 bits to fit."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import torch

from octavo.graph.capture import Captured
from octavo.graph.errors import CalibrationError
from octavo.graph.execute import execute
from octavo.graph.ir import Graph
from octavo.graph.passes import run_passes
from octavo.graph.signature import Sample


class CorrectionWarning(UserWarning):
    """Say that a correction that was asked for changes nothing in this network, and why."""


class Reparametrization(ABC):
    """Watch the float values of a graph, then change its weights before ranges are observed.

    Args:
        graph: after all passes.

    Attributes:
        name: what the method is called in a report.
    """

    name: str

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    @abstractmethod
    def watch(self, value: str, tensor: torch.Tensor) -> None:
        """Take note of a value for one sample."""

    @abstractmethod
    def apply(self) -> tuple[Graph, str]:
        """Return the graph with other weights, and what was done in a sentence.

        Where nothing can be done the graph is `self.graph` itself and the sentence says why.
        """


def reparametrize(
    captured: Captured,
    methods: Sequence[Callable[[Graph], Reparametrization]],
    samples: Iterable[Sample] = (),
    step: Callable[[], None] = lambda: None,
) -> Captured:
    """Apply methods in order; each watches the graph that those before it have made.

    Args:
        captured: not changed.
        methods: make what is applied.
        samples: to watch, gone through once for each method; none where there is no data.
        step: called after each sample.

    Returns: the graph after all passes with other weights, and a note of each method.

    Raises:
        CalibrationError: a sample does not fit the model, or leads to NaN or infinite values.

    Warns:
        CorrectionWarning: a method has changed nothing.
    """
    for make in methods:
        method = make(run_passes(captured.graph))
        _show(method, captured, samples, step)
        graph, done = method.apply()
        note = f"{method.name}: {done}"
        if graph is method.graph:
            warnings.warn(f"{note}. Remedy: none needed; quantize without it", CorrectionWarning, stacklevel=3)
        captured = replace(captured, graph=graph, notes=(*captured.notes, note))
    return captured


def _show(method: Reparametrization, captured: Captured, samples: Iterable[Sample], step: Callable[[], None]) -> None:
    graph = method.graph.computed()
    for index, sample in enumerate(samples):
        where = f"calibration sample {index}"
        try:
            execute(graph, captured.signature.bind(sample, where), method.watch)
        except CalibrationError:
            raise
        except (IndexError, ValueError) as error:
            raise CalibrationError(f"{where}: {error}") from error
        step()
