"""Which values must have the same scale and zero_point: those that an operator only moves."""

from __future__ import annotations

from collections.abc import Iterable

from octavo.graph.ir import Node
from octavo.graph.recurrent import RECURRENT, initial_states

MOVING = frozenset({"concat", "max_pool", "reshape", "permute", "slice", "pad", "channel_shuffle", "dropout"})
"""Operators whose output holds values of their inputs only, and zero."""

AVERAGING = frozenset({"avg_pool", "adaptive_avg_pool"})
"""Operators whose output stays within the range of their input."""


def share_qparams(nodes: Iterable[Node], types: frozenset[str] = MOVING) -> dict[str, str]:
    """Group the values that int8 nodes move between, and what a recurrent layer makes with the state before.

    Args:
        nodes: the nodes that run in int8.
        types: of those whose inputs and output share their qparams.

    Returns: value to the first value of its group; values that are alone in theirs are left out.
    """
    parent: dict[str, str] = {}

    def root(value: str) -> str:
        while parent.setdefault(value, value) != value:
            value = parent[value]
        return value

    for node in nodes:
        if node.type in types:
            values = [*node.inputs, node.output]
        else:
            values = [*node.outputs[:2], *initial_states(node)[:1]] if node.type in RECURRENT else []
        for other in values[1:]:
            parent[root(other)] = root(values[0])
    return {value: root(value) for value in parent}
