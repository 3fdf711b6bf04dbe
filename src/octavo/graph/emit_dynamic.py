"""Layers with weights in 8 bits whose input is quantized as it arrives, as operators of a program."""

from __future__ import annotations

import numpy as np

from octavo.graph.emit_float import emit_clamp
from octavo.graph.emitter import Emitter
from octavo.graph.ir import Node
from octavo.graph.weights import quantize_rows
from octavo.numerics import Qparams
from octavo.program import Value
from octavo.qconfig import QConfig

_FLOAT = Value("float32")


def emit_dynamic(emitter: Emitter, node: Node, qconfig: QConfig, trained: Qparams | None = None) -> None:
    """Append a dynamic linear layer, with its residual and clamp, or a recurrent layer; all values are float32.

    Args:
        emitter: the program.
        node: a `linear`, `lstm`, `gru` or `rnn`.
        qconfig: its weight observer chooses the scales.
        trained: the qparams of a linear layer's weight, where training has found them.
    """
    inputs = tuple(emitter.real(value) for value in node.inputs)
    for value in node.outputs:
        emitter.makes_real(value)
    if node.type == "linear":
        _linear(emitter, node, inputs, quantize_rows(node, qconfig, "weight", trained))
        return
    constants = _biases(node)
    for role in ("weight_ih", "weight_hh", "weight_hr"):
        if role in node.constants:
            constants[role], constants[f"{role}_scale"] = quantize_rows(node, qconfig, role)
    attributes = {key: value for key, value in node.attributes.items() if key != "lengths"}
    values = (_FLOAT,) * len(node.outputs)
    emitter.emit(node.type, node.name, inputs, node.outputs, values, attributes, constants)


def _linear(emitter: Emitter, node: Node, inputs: tuple[str, ...], rows: tuple[np.ndarray, np.ndarray]) -> None:
    weight, scale = rows
    bias = node.constants.get("bias")
    constants = {
        "weight": weight,
        "weight_scale": scale,
        "bias": np.zeros(len(weight), np.float32) if bias is None else bias.float().numpy(),
    }
    computed = node.output if "clamp" not in node.attributes else f"{node.output}.unclamped"
    product = computed if len(inputs) == 1 else f"{computed}.product"
    emitter.emit("dynamic_linear", node.name, inputs[:1], product, _FLOAT, {}, constants)
    if len(inputs) > 1:
        emitter.emit("add", f"{node.name}.add", (product, inputs[1]), computed, _FLOAT)
    if "clamp" in node.attributes:
        emit_clamp(emitter, node, computed, node.output)


def _biases(node: Node) -> dict[str, np.ndarray]:
    """Return the biases of a recurrent layer: a GRU's two, or the sum of both."""
    rows = node.constants["weight_hh"].shape[0]
    biases = {
        role: node.constants[role].float().numpy() if role in node.constants else np.zeros(rows, np.float32)
        for role in ("bias_ih", "bias_hh")
    }
    return biases if node.type == "gru" else {"bias": biases["bias_ih"] + biases["bias_hh"]}
