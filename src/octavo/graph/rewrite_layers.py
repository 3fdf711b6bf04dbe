"""Change a calibrated graph layer by layer, each layer shown what the int8 program will give it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from octavo.graph.execute import compute, sizes_of
from octavo.graph.ir import Node
from octavo.graph.placement import gives_float
from octavo.graph.prepare import Prepared
from octavo.numerics import Qparams, dequantize, quantize


class LayerInputs:
    """What a node reads, sample by sample: the real numbers that the values of the int8 program stand for.

    Args:
        read: gives the inputs of the node for a sample.
        samples: how many there are.
    """

    def __init__(self, read: Callable[[int], list[Tensor]], samples: int) -> None:
        self._read = read
        self._samples = samples

    def __len__(self) -> int:
        return self._samples

    def __iter__(self) -> Iterator[list[Tensor]]:
        return map(self._read, range(self._samples))


Rewrite = Callable[[Node, LayerInputs], tuple[Node, Qparams | None]]
"""Gives the node to take another's place, with the qparams of its weight where it has chosen those."""


def rewrite_layers(prepared: Prepared, samples: Sequence[Mapping[str, Tensor]], rewrite: Rewrite) -> Prepared:
    """Replace nodes in order of execution; each sees its inputs as the nodes that took the others' places make them.

    Values are rounded to 8 bits where the program will round them and kept as integers, so that only those that are
    yet to be read take memory, a byte each.

    Args:
        prepared: calibrated; not changed.
        samples: input name to tensor, for each sample.
        rewrite: called with every node.
    """
    with torch.no_grad():
        return _Walk(prepared, samples).run(rewrite)


class _Walk:
    def __init__(self, prepared: Prepared, samples: Sequence[Mapping[str, Tensor]]) -> None:
        self._prepared = prepared
        self._consumers = prepared.graph.consumers()
        self._qparams = {value: prepared.observers[root].qparams() for value, root in prepared.groups.items()}
        self._sizes = [sizes_of(prepared.graph, sample) for sample in samples]
        self._values = {i.name: [sample[i.name] for sample in samples] for i in prepared.graph.inputs}

    def run(self, rewrite: Rewrite) -> Prepared:
        graph = self._prepared.graph
        nodes, weights = [], dict(self._prepared.weights)
        for node, freed in zip(graph.nodes, graph.last_uses(), strict=True):
            inputs = LayerInputs(lambda sample, node=node: self._read(node, sample), len(self._sizes))
            chosen, weight = rewrite(node, inputs)
            nodes.append(chosen)
            if weight is not None:
                weights[chosen.name] = weight
            self._compute(chosen, inputs)
            for value in freed:
                del self._values[value]
        return replace(self._prepared, graph=graph.with_nodes(nodes), weights=weights)

    def _read(self, node: Node, sample: int) -> list[Tensor]:
        """Return the real numbers that a node reads."""
        in_8_bits = self._prepared.decisions[node.name].int8

        def real(value: str) -> Tensor:
            held, qparams = self._values[value][sample], self._qparams.get(value)
            if qparams is None or not (in_8_bits or _is_rounded(held)):
                return held
            return dequantize(held if _is_rounded(held) else quantize(held, qparams), qparams)

        return [real(value) for value in node.inputs]

    def _compute(self, node: Node, inputs: LayerInputs) -> None:
        decisions = self._prepared.decisions
        rounds = decisions[node.name].int8 and (
            self._prepared.layerwise or not gives_float(node, decisions, self._consumers)
        )
        made: dict[str, list[Tensor]] = {value: [] for value in node.outputs}
        for arguments, sizes in zip(inputs, self._sizes, strict=True):
            results = compute(node, arguments, sizes)
            for value, tensor in zip(node.outputs, results if node.more else (results,), strict=True):
                qparams = self._qparams.get(value)
                made[value].append(quantize(tensor, qparams) if rounds and qparams is not None else tensor)
        self._values |= made


def _is_rounded(held: Tensor) -> bool:
    return held.dtype in (torch.uint8, torch.int8)
