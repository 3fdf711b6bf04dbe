"""A part of the calibration data that is kept, to go over it again."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from octavo.graph.ir import Graph

MOST_BYTES = 1 << 29
"""How much the largest value of the graph may take over all kept samples, as float32."""
_MOST_SAMPLES = 1024


@dataclass
class _Kept:
    inputs: dict[str, Tensor] = field(default_factory=dict)
    means: dict[str, tuple[Tensor, int]] = field(default_factory=dict)
    largest: int = 0


class KeptSamples:
    """Keep samples, evenly spread over the data where there are too many, and channel means of some of their values.

    Inputs are kept as they are given, so that nobody may write over them.

    Args:
        graph: its inputs are kept.
        axes: value to the axis of its channels, for those whose means are wanted.
        most_bytes: limit on the largest value of the graph, summed over the samples that are kept.
    """

    def __init__(self, graph: Graph, axes: dict[str, int], most_bytes: int = MOST_BYTES) -> None:
        self._names = [graph_input.name for graph_input in graph.inputs]
        self._axes = axes
        self._most_bytes = most_bytes
        self._kept: dict[int, _Kept] = {}
        self._seen, self._every = 0, 1

    def watch(self, value: str, tensor: Tensor) -> None:
        """Take note of a value; the first input of the graph begins a sample."""
        if value == self._names[0]:
            self._thin()
            self._seen += 1
        index = self._seen - 1
        if index % self._every:
            return
        sample = self._kept.setdefault(index, _Kept())
        sample.largest = max(sample.largest, tensor.numel() * 4)
        if value in self._names:
            sample.inputs[value] = tensor
        if value in self._axes and tensor.numel():
            sample.means[value] = channel_means(tensor, self._axes[value]), tensor.numel()

    def inputs(self) -> list[dict[str, Tensor]]:
        """Return the inputs of each kept sample, by name."""
        self._thin()
        return [sample.inputs for sample in self._kept.values()]

    def mean(self, value: str) -> Tensor | None:
        """Return the mean of each channel of a value over the kept samples, float64; None where there is none."""
        self._thin()
        found = [sample.means[value] for sample in self._kept.values() if value in sample.means]
        count = sum(n for _, n in found)
        return torch.stack([mean * (n / count) for mean, n in found]).sum(0) if count else None

    def _thin(self) -> None:
        """Drop every other sample as long as there are too many."""
        while len(self._kept) > 1 and (
            len(self._kept) > _MOST_SAMPLES or sum(s.largest for s in self._kept.values()) > self._most_bytes
        ):
            self._every *= 2
            self._kept = {index: kept for index, kept in self._kept.items() if index % self._every == 0}


def channel_means(tensor: Tensor, axis: int) -> Tensor:
    """Return the mean of each channel, float64."""
    others = [i for i in range(tensor.dim()) if i != axis % tensor.dim()]
    return (tensor.mean(others) if others else tensor).double()
