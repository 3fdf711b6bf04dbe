"""Nodes that stay in float, as operators of a program."""

from __future__ import annotations

import numpy as np

from octavo.graph.emitter import Emitter
from octavo.graph.errors import ConversionError
from octavo.graph.ir import Node
from octavo.graph.placement import LAYERS
from octavo.graph.symbols import reshape_target
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
    """Append `x · scale + shift` for one scale and shift, as a depthwise convolution with a kernel of 1."""
    scale, shift = (float(node.constants[role]) for role in ("scale", "shift"))
    _scale(emitter, node, value, output, scale, shift)


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


def _scale(emitter: Emitter, node: Node, value: str, output: str, scale: float, shift: float) -> None:
    channels = node.shape[1] if len(node.shape) in (3, 4, 5) else None
    if isinstance(channels, int):
        _depthwise(emitter, node.name, value, output, (scale, shift, channels, len(node.shape) - 2))
        return
    shape = reshape_target(node.shape)
    if shape is None:
        raise ConversionError(
            f"layer '{node.name}': a float factor or term needs at most one size that is an expression of symbols, its "
            f"shape is {list(node.shape)}. Remedy: fix these sizes with dynamic_shapes"
        )
    flat = f"{output}.flat"
    emitter.emit("reshape", f"{node.name}.flat", (value,), flat, _FLOAT, {"shape": [1, 1, -1]})
    _depthwise(emitter, node.name, flat, f"{output}.scaled", (scale, shift, 1, 1))
    emitter.emit("reshape", f"{node.name}.shape", (f"{output}.scaled",), output, _FLOAT, {"shape": shape})


def _depthwise(emitter: Emitter, name: str, value: str, output: str, line: tuple[float, float, int, int]) -> None:
    """Append `x · scale + shift` on `[n, channels, …]`; `line` is scale, shift, channels and the spatial axes."""
    scale, shift, channels, axes = line
    attributes = {"stride": [1] * axes, "padding": [[0, 0]] * axes, "dilation": [1] * axes, "groups": channels}
    constants = {
        "weight": np.full((channels, 1, *[1] * axes), scale, np.float32),
        "bias": np.full(channels, shift, np.float32),
    }
    emitter.emit("conv", name, (value,), output, _FLOAT, attributes, constants)
