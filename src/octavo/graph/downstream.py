"""Change a value or a node of a computed graph, and compute again only what that reaches."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import torch
from torch import Tensor

from octavo.graph.execute import compute, execute, sizes_of
from octavo.graph.ir import Graph, Node


class Downstream:
    """Every float value of one sample, kept so that what a change leads to can be computed from where it is made.

    Args:
        graph: any graph.
        inputs: input name to tensor; all values of the graph are held for them at once.
    """

    def __init__(self, graph: Graph, inputs: Mapping[str, Tensor]) -> None:
        self._graph = graph
        self._sizes = sizes_of(graph, inputs)
        self._freed = graph.last_uses()
        self.values: dict[str, Tensor] = {}
        self.outputs = execute(graph, inputs, self.values.__setitem__)

    def changed(
        self,
        values: Mapping[str, Tensor] | None = None,
        nodes: Mapping[str, Node] | None = None,
        readers: Collection[str] | None = None,
    ) -> list[Tensor]:
        """Return the graph's outputs where some values or nodes are others.

        Args:
            values: value to what is read in its place.
            nodes: node name to what is computed in its place, of the same inputs and outputs.
            readers: names of the nodes that read `values`; None for all, and the graph's outputs.
        """
        given, other = values or {}, nodes or {}
        made: dict[str, Tensor] = {}
        for node, freed in zip(self._graph.nodes, self._freed, strict=True):
            sees = given if readers is None or node.name in readers else {}
            if node.name in other or any(value in made or value in sees for value in node.inputs):
                read = [sees[v] if v in sees else made.get(v, self.values[v]) for v in node.inputs]
                with torch.no_grad():
                    results = compute(other.get(node.name, node), read, self._sizes)
                made |= dict(zip(node.outputs, results if node.more else (results,), strict=True))
            for value in freed:
                made.pop(value, None)
        everywhere = given if readers is None else {}
        return [everywhere.get(v, made.get(v, self.values[v])) for v in self._graph.outputs]
