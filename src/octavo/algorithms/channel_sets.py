"""Where the channels of values can be scaled and the network computes the same: what makes and what reads them."""

from __future__ import annotations

from dataclasses import dataclass, field

from octavo.graph.ir import Graph, Node
from octavo.graph.placement import LAYERS
from octavo.graph.transposed import out_channels

_ON_AXIS_1 = frozenset({"max_pool", "avg_pool", "adaptive_avg_pool", "prelu", "pad", "reshape"})
_TIED = _ON_AXIS_1 | {"add", "clamp", "dropout"}


@dataclass
class ChannelSet:
    """Values whose channels must have one scale vector: those of a chain of residual additions, before and after pools.

    Dividing channel c of each by `s[c] > 0` changes nothing in the network, as long as no bound is reached, where the
    rows of what makes them are divided by s and the columns of what reads them multiplied by it.

    Args:
        values: their names.
        channels: how many there are.
        axis: theirs, in each value.
        producers: the layers that make them.
        consumers: the layers that read them.
        bounds: the nodes that clamp them from above, to the bound.
    """

    values: list[str]
    channels: int
    axis: int
    producers: list[str] = field(default_factory=list)
    consumers: list[str] = field(default_factory=list)
    bounds: dict[str, float] = field(default_factory=dict)


def channel_sets(graph: Graph, norms: bool = False) -> list[ChannelSet]:
    """Find the sets of values that can be scaled, in order of execution.

    Args:
        graph: after all passes.
        norms: whether a layer norm counts as a layer that makes values.
    """
    return _Search(graph, LAYERS | {"layer_norm"} if norms else LAYERS).sets()


def channel_axis(node: Node) -> int:
    """Return the axis of the channels of what a layer or a norm reads and makes."""
    return len(node.shape) - 1 if node.type in ("linear", "layer_norm") else 1


def clamp_of(node: Node) -> tuple[float | None, float | None]:
    """Return the bounds that a node's output is clamped to; None is no bound."""
    if node.type == "clamp":
        return node.attributes["min"], node.attributes["max"]
    return node.attributes.get("clamp") or (None, None)


class _Search:
    """Join values that an operator ties to each other, and rule out those that something else reads or makes."""

    def __init__(self, graph: Graph, layers: frozenset[str]) -> None:
        self._graph, self._layers, self._shapes = graph, layers, graph.shapes()
        self._parent: dict[str, str] = {}
        self._axes: dict[str, set[int]] = {}
        self._refused = {*graph.outputs, *(i.name for i in graph.inputs), *graph.fixed}
        for node in graph.nodes:
            self._visit(node)

    def sets(self) -> list[ChannelSet]:
        refused = {self._root(value) for value in self._refused}
        members: dict[str, list[str]] = {}
        for value in self._shapes:
            members.setdefault(self._root(value), []).append(value)
        found: dict[str, ChannelSet] = {}
        for root, values in members.items():
            axes = set().union(*(self._axes.get(value, set()) for value in values))
            sizes = {self._size(value, axis) for value in values for axis in axes}
            channels = next(iter(sizes), None)
            if root not in refused and len(axes) == len(sizes) == 1 and isinstance(channels, int):
                found[root] = ChannelSet(values, channels, axes.pop())
        for node in self._graph.nodes:
            self._assign(node, found)
        return [each for each in found.values() if each.producers and each.consumers]

    def _assign(self, node: Node, found: dict[str, ChannelSet]) -> None:
        made = found.get(self._root(node.output))
        if made is not None and node.type in self._layers:
            made.producers.append(node.name)
        high = clamp_of(node)[1]
        if made is not None and high is not None:
            made.bounds[node.name] = float(high)
        read = found.get(self._root(node.inputs[0])) if node.inputs else None
        if read is not None and node.type in LAYERS:
            read.consumers.append(node.name)

    def _size(self, value: str, axis: int) -> object:
        shape = self._shapes[value]
        return shape[axis] if axis < len(shape) else None

    def _visit(self, node: Node) -> None:
        low, high = clamp_of(node)
        if low not in (None, 0) or (low is None and high is not None):
            self._refused |= {node.output}
        if node.type in self._layers:
            self._layer(node)
        elif node.type == "attention":
            self._attention(node)
        elif self._ties(node):
            for value in node.inputs:
                self._join(value, node.output)
            if node.type in _ON_AXIS_1:
                self._axes.setdefault(node.output, set()).add(1)
        else:
            self._refused |= {*node.inputs, *node.outputs}

    def _layer(self, node: Node) -> None:
        axis = channel_axis(node)
        self._axes.setdefault(node.output, set()).add(axis)
        if node.type == "layer_norm":
            self._refused |= {*node.inputs, *([node.output] if node.attributes["axes"] != 1 else [])}
            return
        self._axes.setdefault(node.inputs[0], set()).add(axis)
        if "norm" in node.attributes or out_channels(node) != self._size(node.output, axis):
            self._refused |= {*node.inputs, node.output}
        for value in node.inputs[1:]:
            self._join(value, node.output)

    def _attention(self, node: Node) -> None:
        """Rule out all but the values, whose channels go through where each head has its own."""
        values, attributes = node.inputs[2], node.attributes
        self._refused |= {*node.inputs} - {values}
        if attributes["heads"] == attributes["kv_heads"]:
            self._join(values, node.output)
        else:
            self._refused |= {values, node.output}

    def _ties(self, node: Node) -> bool:
        """Tell whether an operator gives scaled channels for scaled channels."""
        made, read = node.shape, [self._shapes[value] for value in node.inputs]
        if node.type == "function":
            return node.attributes["function"] == "leaky_relu"
        if node.type == "reshape":  # [n, c, 1, 1] to [n, c]
            return len(made) == 2 and made == read[0][:2] and all(size == 1 for size in read[0][2:])
        if node.type == "pad":
            width = node.attributes["padding"]
            return len(width) < len(made) or tuple(width[1]) == (0, 0)
        if node.type == "add":
            return all(shape == made for shape in read)
        return node.type in _TIED

    def _root(self, value: str) -> str:
        while self._parent.setdefault(value, value) != value:
            value = self._parent[value]
        return value

    def _join(self, one: str, other: str) -> None:
        self._parent[self._root(one)] = self._root(other)
