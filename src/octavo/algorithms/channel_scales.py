"""Divide the channels of values by scales, and undo it in the layers that read them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from torch import Tensor

from octavo.algorithms.channel_sets import ChannelSet
from octavo.graph.constants import Computed, held_in
from octavo.graph.ir import Graph, Node
from octavo.graph.transposed import by_output_channel


def scaled(graph: Graph, scales: Mapping[int, Tensor], sets: list[ChannelSet], unbounded: set[str]) -> Graph:
    """Return a graph with sets of values divided by scales.

    Args:
        graph: whose values they are.
        scales: index of a set to [channels] float64 > 0.
        sets: of `channel_sets`.
        unbounded: nodes whose upper bound is taken away.
    """
    rows = {name: scales[i] for i, found in enumerate(sets) if i in scales for name in found.producers}
    columns = {name: scales[i] for i, found in enumerate(sets) if i in scales for name in found.consumers}
    nodes = [
        _without_bound(_scaled(node, rows.get(node.name), columns.get(node.name)), node.name in unbounded)
        for node in graph.nodes
    ]
    return graph.with_nodes(nodes)


def row_view(node: Node, weight: Tensor) -> Tensor:
    """Return a weight as `[groups, out_channels / groups, in_channels / groups, taps]`."""
    groups = node.attributes.get("groups", 1)
    by_output = by_output_channel(node, weight)
    return by_output.reshape(groups, by_output.shape[0] // groups, by_output.shape[1], -1)


def _scaled(node: Node, rows: Tensor | None, columns: Tensor | None) -> Node:
    """Divide what a node makes by one vector, and multiply what it reads by another."""
    if rows is None and columns is None:
        return node
    bias = node.constants.get("bias")
    if rows is not None and bias is not None:
        node = node.with_constants(bias=(bias.detach().double() / rows).float())
    weight = held_in(node.constants)["weight"]
    return node.with_constants(weight=Computed(partial(_scaled_weight, node, rows, columns), (weight,), weight.shape))


def _scaled_weight(node: Node, rows: Tensor | None, columns: Tensor | None, weight: Tensor) -> Tensor:
    weight = weight.detach().double()
    if node.type == "layer_norm":
        assert rows is not None
        return (weight / rows).float()
    view = row_view(node, weight)
    if rows is not None:
        view = view / rows.reshape(view.shape[0], view.shape[1], 1, 1)
    if columns is not None:
        view = view * columns.reshape(view.shape[0], 1, view.shape[2], 1)
    by_output = view.reshape(by_output_channel(node, weight).shape)
    return by_output_channel(node, by_output).float()


def _without_bound(node: Node, unbounded: bool) -> Node:
    if not unbounded:
        return node
    if node.type == "clamp":
        return node.with_attributes(max=None)
    return node.with_attributes(clamp=(node.attributes["clamp"][0], None))
