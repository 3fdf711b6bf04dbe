"""Embeddings whose table is in 8 bits, as operators of a program; what they give is float32."""

from __future__ import annotations

from octavo.graph.emitter import Emitter
from octavo.graph.ir import Node
from octavo.graph.weights import quantize_table
from octavo.qconfig import QConfig


def emit_table(emitter: Emitter, node: Node, qconfig: QConfig) -> None:
    """Append an embedding or embedding_bag: `row = f(q) · scale + offset`, each row of the table with its own.

    Args:
        emitter: the program.
        node: an `embedding` or `embedding_bag`.
        qconfig: its weight observer chooses the scales: uint8 rows with real zero_points.
    """
    weight, scale, offset = quantize_table(node, qconfig)
    constants = {"weight": weight, "scale": scale, "offset": offset}
    inputs = tuple(emitter.real(value) for value in node.inputs)
    output, made = emitter.makes_real(node.output)
    emitter.emit(node.type, node.name, inputs, output, made, node.attributes, constants)
