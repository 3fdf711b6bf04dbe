"""The graph between capture and program: operators close to the program's, before any qparams; see `node.py`.

Values that are in 8 bits from the start (`Graph.fixed`) are made by `program` nodes and by nodes that move values.
Indices (int64) are inputs of the model, ranges, and what nodes that move values make of them. A boolean is a float32
that is 0 or 1; as an input of the model it comes as int64.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from octavo.graph.node import Dim, Node, Shape
from octavo.program import Value
from octavo.program.types import QUANT_RANGE

__all__ = ["Dim", "Graph", "GraphInput", "Node", "Shape", "SymbolRange"]


@dataclass(frozen=True)
class GraphInput:
    """A tensor that the model takes: float32, or indices (int64)."""

    name: str
    shape: Shape
    dtype: str = "float32"


@dataclass(frozen=True)
class SymbolRange:
    """The integers that a symbolic dimension can take; `max` None is no limit."""

    min: int
    max: int | None
    example: int


@dataclass(frozen=True)
class Graph:
    """A float network: nodes in execution order.

    Args:
        symbols: range of each symbolic dimension.
        inputs: in the order of the model's arguments.
        nodes: each value is made once, before it is read.
        outputs: values, in the order in which `structure` counts them.
        structure: how the model's return value is built from the outputs, as a program's `output_structure`.
        fixed: the values that are no float32 from the start, with their dtype and qparams: in 8 bits, or indices.
    """

    symbols: dict[str, SymbolRange]
    inputs: tuple[GraphInput, ...]
    nodes: tuple[Node, ...]
    outputs: tuple[str, ...]
    structure: Any
    fixed: dict[str, Value] = field(default_factory=dict)

    def in_8_bits(self, value: str) -> bool:
        """Tell whether a value is in 8 bits from the start."""
        return value in self.fixed and self.fixed[value].dtype in QUANT_RANGE

    def with_nodes(self, nodes: Iterable[Node]) -> Graph:
        """Return a copy with other nodes."""
        return replace(self, nodes=tuple(nodes))

    def computed(self) -> Graph:
        """Return it with all constants as tensors, for several passes; they take the memory of the float weights."""
        return self.with_nodes(node.computed() for node in self.nodes)

    def uses(self) -> Counter[str]:
        """Count how often each value is read, by nodes and as an output."""
        count = Counter(self.outputs)
        for node in self.nodes:
            count.update(node.inputs)
        return count

    def producers(self) -> dict[str, Node]:
        """Map each value made by a node to that node."""
        return {value: node for node in self.nodes for value in node.outputs}

    def consumers(self) -> dict[str, list[Node]]:
        """Map each value to the nodes that read it, in order."""
        readers: dict[str, list[Node]] = {value: [] for value in self.shapes()}
        for node in self.nodes:
            for value in dict.fromkeys(node.inputs):
                readers[value].append(node)
        return readers

    def shapes(self) -> dict[str, Shape]:
        """Map each value to its shape."""
        shapes = {i.name: i.shape for i in self.inputs}
        for node in self.nodes:
            shapes |= {node.output: node.shape, **dict(node.more)}
        return shapes

    def last_uses(self) -> list[tuple[str, ...]]:
        """List, for each node, the values that nothing reads after it (never the model's outputs)."""
        last: dict[str, int] = {}
        for index, node in enumerate(self.nodes):
            last.update(dict.fromkeys((*node.outputs, *node.inputs), index))
        freed: list[list[str]] = [[] for _ in self.nodes]
        for value, index in last.items():
            if value not in self.outputs:
                freed[index].append(value)
        return [tuple(values) for values in freed]
