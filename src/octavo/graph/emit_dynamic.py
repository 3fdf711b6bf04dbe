"""Layers and products whose inputs are quantized as they arrive, as operators of a program."""

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
    """Append a dynamic linear layer with its residual and clamp, a product of two values, or attention; all in float32.

    Args:
        emitter: the program.
        node: a `linear`, `matmul` or `attention`.
        qconfig: its weight observer chooses the scales.
        trained: the qparams of its weight, where training has found them.
    """
    inputs = tuple(emitter.real(value) for value in node.inputs)
    emitter.makes_real(node.output)
    if node.type != "linear":
        emitter.emit(f"dynamic_{node.type}", node.name, inputs, node.output, _FLOAT, node.attributes)
        return
    weight, scale = quantize_rows(node, qconfig, "weight", trained)
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
