"""Cut a graph into blocks that hand one value on, as a residual block does."""

from __future__ import annotations

from collections.abc import Callable

from octavo.graph.block_values import Block
from octavo.graph.ir import Graph, Node

_MOST_LAYERS = 12
"""A block of more layers is taken apart: what is learned at once, and what it is learned from, would outgrow memory."""


def find_blocks(graph: Graph, is_layer: Callable[[Node], bool]) -> list[Block]:
    """Cut where exactly one value is still to be read; a block with less than two layers becomes single nodes.

    Args:
        graph: any graph.
        is_layer: whether a node's weight is to be rounded.

    Returns: all nodes, in order.
    """
    blocks: list[Block] = []
    alive = {graph_input.name for graph_input in graph.inputs}
    open_: list[Node] = []
    for node, freed in zip(graph.nodes, graph.last_uses(), strict=True):
        open_.append(node)
        alive = (alive | set(node.outputs)) - set(freed)
        if alive == {node.output} or node is graph.nodes[-1]:
            whole = 2 <= sum(map(is_layer, open_)) <= _MOST_LAYERS and alive == {node.output}
            blocks += [tuple(open_)] if whole else [(each,) for each in open_]
            open_ = []
    return blocks
