"""Nodes that stay in float, as operators of a program."""

from __future__ import annotations

import numpy as np

from octavo.graph.emit_attention import emit_attention
from octavo.graph.emitter import Emitter
from octavo.graph.ir import Node
from octavo.graph.placement import LAYERS
from octavo.graph.transposed import out_channels
from octavo.program import Value

_FLOAT = Value("float32")


def emit_float(emitter: Emitter, node: Node) -> None:
    """Append a node in float32: fused residuals and clamps become operators of their own."""
    inputs = tuple(emitter.real(value) for value in node.inputs)
    output, made = emitter.makes_real(node.output)
    clamp = node.attributes.get("clamp")
    computed = output if clamp is None else f"{output}.unclamped"
    if node.type in LAYERS:
        _layer(emitter, node, inputs, computed)
    elif node.type == "attention":
        emit_attention(emitter, node, inputs, computed)
    elif node.type == "affine":
        _affine(emitter, node, inputs[0], computed)
    elif node.type == "function":
        _function(emitter, node, inputs, computed)
    else:
        attributes = {key: value for key, value in node.attributes.items() if key != "clamp"}
        constants = {role: tensor.float().numpy() for role, tensor in node.constants.items()}
        emitter.emit(node.type, node.name, inputs, computed, made, attributes, constants)
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
        "bias": np.zeros(out_channels(node), np.float32) if bias is None else bias.float().numpy(),
    }
    attributes = {key: value for key, value in node.attributes.items() if key != "clamp"}
    summed = output if len(inputs) == 1 else f"{output}.product"
    emitter.emit(node.type, node.name, inputs[:1], summed, _FLOAT, attributes, constants)
    if len(inputs) > 1:
        emitter.emit("add", f"{node.name}.add", (summed, inputs[1]), output, _FLOAT)


def _affine(emitter: Emitter, node: Node, value: str, output: str) -> None:
    """Append `x · scale + shift`; a factor of 1 and a term of 0 are left out."""
    steps = [("mul", "scale", 1.0), ("add", "shift", 0.0)]
    needed = [step for step in steps if not bool((node.constants[step[1]] == step[2]).all())] or steps[1:]
    for operator, role, _ in needed:
        last = operator == needed[-1][0]
        made, name = (output, node.name) if last else (f"{output}.scaled", f"{node.name}.scale")
        emitter.emit(operator, name, (value, _constant(emitter, node, role)), made, _FLOAT)
        value = made


def _constant(emitter: Emitter, node: Node, role: str) -> str:
    """Append a constant of a node; a single number as one element."""
    tensor = node.constants[role].float()
    tensor = tensor.reshape(1) if tensor.numel() == 1 else tensor
    name = f"{node.name}.{role}.constant"
    return emitter.emit("constant", name, (), name, _FLOAT, constants={"value": tensor.numpy()})


def _function(emitter: Emitter, node: Node, inputs: tuple[str, ...], output: str) -> None:
    """Append a function: an operator of its own where it has parameters, else `unary`."""
    parameters = {key: value for key, value in node.attributes.items() if key != "function"}
    function = node.attributes["function"]
    if function == "leaky_relu":
        slope = np.full(1, parameters["negative_slope"], np.float32)
        emitter.emit("prelu", node.name, inputs, output, _FLOAT, constants={"slope": slope})
    elif parameters:
        emitter.emit(function, node.name, inputs, output, _FLOAT, parameters)
    else:
        emitter.emit("unary", node.name, inputs, output, _FLOAT, {"function": function})
