"""What every pass is written with: a walk that can merge a node into the one that feeds it."""

from __future__ import annotations

from dataclasses import replace

from octavo.graph.ir import Graph, Node


class Rewriter:
    """Rebuild a graph node by node, in order.

    Args:
        graph: is not changed.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._made: dict[str, Node] = {}
        self._renamed: dict[str, str] = {}
        self._uses = graph.uses()

    def resolve(self, node: Node) -> Node:
        """Return the node as it reads the rebuilt values."""
        inputs = tuple(self._renamed.get(value, value) for value in node.inputs)
        return node if inputs == node.inputs else replace(node, inputs=inputs)

    def add(self, node: Node) -> None:
        """Append a node."""
        self._made[node.output] = node
        self._uses.setdefault(node.output, 1)

    def producer(self, value: str) -> Node | None:
        """Return the rebuilt node that makes a value; None for an input of the model."""
        return self._made.get(value)

    def sole(self, value: str, *types: str) -> Node | None:
        """Return the node that makes a value where it is of one of the types and nothing else reads the value."""
        node = self._made.get(value)
        return node if node is not None and node.type in types and self._uses[value] == 1 else None

    def position(self, value: str) -> int:
        """Return where a value is made; −1 for an input of the model."""
        return next((index for index, name in enumerate(self._made) if name == value), -1)

    def merge(self, merged: Node, into: Node, absorbed: Node) -> None:
        """Put `merged` in place of the nodes `into` and `absorbed`, which reads it, where the latter stands."""
        del self._made[into.output]
        self._made[into.output] = replace(
            merged, output=into.output, shape=absorbed.shape, fused=(*into.fused, absorbed.name, *absorbed.fused)
        )
        self.drop(absorbed, into.output)
        self._uses[into.output] = self._uses[absorbed.output]

    def drop(self, node: Node, value: str) -> None:
        """Leave a node out; what read it reads `value`."""
        self._uses[value] += self._uses[node.output] - 1
        self._renamed[node.output] = value

    def finish(self) -> Graph:
        """Return the rebuilt graph."""
        outputs = tuple(self._renamed.get(value, value) for value in self._graph.outputs)
        return replace(self._graph, nodes=tuple(self._made.values()), outputs=outputs)
