"""Nodes that stay in float, as operators of a program."""

from __future__ import annotations

import numpy as np

from octavo.graph.emitter import Emitter
from octavo.graph.ir import Node
from octavo.program import Value

_FLOAT = Value("float32")


def emit_float(emitter: Emitter, node: Node) -> None:
    """Append a node in float32: fused residuals and clamps become operators of their own."""
    inputs = tuple(emitter.real(value) for value in node.inputs)
    output, _ = emitter.makes_real(node.output)
    clamp = node.attributes.get("clamp")
    computed = output if clamp is None else f"{output}.unclamped"
    if node.type in ("conv", "linear"):
        _layer(emitter, node, inputs, computed)
    elif node.type == "affine":
        _affine(emitter, node, inputs[0], computed)
    elif node.type == "function":
        attributes = {"function": node.attributes["function"]}
        emitter.emit("unary", node.name, inputs, computed, _FLOAT, attributes)
    else:
        attributes = {key: value for key, value in node.attributes.items() if key != "clamp"}
        emitter.emit(node.type, node.name, inputs, computed, _FLOAT, attributes)
    if clamp is not None:
        emit_clamp(emitter, node, computed, output)


def emit_clamp(emitter: Emitter, node: Node, value: str, output: str) -> None:
    """Append the fused clamp of a node."""
    low, high = node.attributes["clamp"]
    emitter.emit("clamp", f"{node.name}.clamp", (value,), output, _FLOAT, {"min": low, "max": high})


def _layer(emitter: Emitter, node: Node, inputs: tuple[str, ...], output: str) -> None:
    weight = node.constants["weight"].float().numpy()
    bias = node.constants.get("bias")
    constants = {
        "weight": weight,
        "bias": np.zeros(weight.shape[0], np.float32) if bias is None else bias.float().numpy(),
    }
    attributes = {key: value for key, value in node.attributes.items() if key != "clamp"}
    summed = output if len(inputs) == 1 else f"{output}.product"
    emitter.emit(node.type, node.name, inputs[:1], summed, _FLOAT, attributes, constants)
    if len(inputs) > 1:
        emitter.emit("add", f"{node.name}.add", (summed, inputs[1]), output, _FLOAT)


def _affine(emitter: Emitter, node: Node, value: str, output: str) -> None:
    """Append `x · scale + shift` for one scale and shift, as a convolution of one channel with a kernel of 1."""
    name = node.name
    line = emitter.emit("reshape", f"{name}.flat", (value,), f"{output}.flat", _FLOAT, {"shape": [1, 1, -1]})
    attributes = {"stride": [1], "padding": [[0, 0]], "dilation": [1], "groups": 1}
    constants = {
        "weight": node.constants["scale"].float().numpy().reshape(1, 1, 1),
        "bias": node.constants["shift"].float().numpy().reshape(1),
    }
    scaled = emitter.emit("conv", name, (line,), f"{output}.scaled", _FLOAT, attributes, constants)
    emitter.emit("reshape", f"{name}.shape", (scaled,), output, _FLOAT, {"shape": node.attributes["shape"]})
