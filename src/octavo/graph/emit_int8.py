"""Nodes that run in int8, as operators of a program."""

from __future__ import annotations

from typing import Any

from octavo.graph.emit_float import emit_clamp
from octavo.graph.emitter import Emitter
from octavo.graph.ir import Node
from octavo.graph.passes.share_qparams import MOVING
from octavo.graph.tables import build_table
from octavo.graph.weights import QuantizedLayer
from octavo.program import Value
from octavo.program.grid import saturation


def emit_int8(emitter: Emitter, node: Node, gives_float: bool = False) -> None:
    """Append a node without weights in 8 bits.

    Args:
        emitter: the program.
        node: what moves, adds or multiplies values.
        gives_float: whether its sums of products become float32 and nothing reads its output in 8 bits.
    """
    inputs = tuple(emitter.quantized(value) for value in node.inputs)
    if gives_float:
        output, real = emitter.makes_real(node.output)
        emitter.emit(node.type, node.name, inputs, output, real, node.attributes)
        return
    output, qparams = emitter.makes_quantized(node.output)
    if node.type in ("affine", "clamp", "function"):
        table = build_table(node, emitter.qparams[node.inputs[0]], qparams)
        emitter.emit("table", node.name, inputs, output, qparams, constants={"table": table})
        return
    attributes = {key: value for key, value in node.attributes.items() if key != "clamp"}
    if node.type not in MOVING:
        attributes |= _saturation(node, qparams)
    emitter.emit(node.type, node.name, inputs, output, qparams, attributes)


def emit_layer(emitter: Emitter, node: Node, layer: QuantizedLayer, gives_float: bool) -> None:
    """Append a convolution or linear layer in int8.

    Args:
        emitter: the program.
        node: the layer.
        layer: its integers.
        gives_float: whether its accumulators become float32 and nothing reads its output in 8 bits.
    """
    inputs = tuple(emitter.quantized(value) for value in node.inputs)
    attributes = {key: value for key, value in node.attributes.items() if key != "clamp"}
    constants = {"weight": layer.weight, "bias": layer.bias, "weight_scale": layer.weight_scale}
    if not gives_float:
        output, qparams = emitter.makes_quantized(node.output)
        attributes |= _saturation(node, qparams)
        emitter.emit(node.type, node.name, inputs, output, qparams, attributes, constants)
        return
    output, value = emitter.makes_real(node.output)
    clamped = "clamp" in node.attributes
    sums = f"{output}.unclamped" if clamped else output
    emitter.emit(node.type, node.name, inputs, sums, value, attributes, constants)
    if clamped:
        emit_clamp(emitter, node, sums, output)


def _saturation(node: Node, y: Value) -> dict[str, Any]:
    """Return the ends of a fused clamp as integers of the output, where they cut its dtype's range."""
    low, high = node.attributes.get("clamp", (None, None))
    return saturation(low, high, y)
