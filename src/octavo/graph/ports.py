"""Which values of a node have 8 bits where it runs in int8: all of them, but for recurrent layers."""

from __future__ import annotations

from octavo.graph.ir import Node
from octavo.graph.recurrent import RECURRENT, initial_states


def read_in_8_bits(node: Node) -> tuple[str, ...]:
    """Name the inputs that an int8 node reads in 8 bits: of a recurrent layer x, where it is no product, and h_0."""
    if node.type not in RECURRENT:
        return node.inputs
    x = node.inputs[:1] if "weight_ih" in node.constants else ()
    return (*x, *initial_states(node)[:1])


def made_in_8_bits(node: Node) -> tuple[str, ...]:
    """Name the outputs that an int8 node makes in 8 bits: of a recurrent layer y and h_n, but not the cell."""
    return node.outputs[:2] if node.type in RECURRENT else node.outputs
