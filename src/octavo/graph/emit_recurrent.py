"""Recurrent layers, as operators of a program."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from octavo.graph.emitter import Emitter
from octavo.graph.ir import Node
from octavo.graph.ports import made_in_8_bits, read_in_8_bits
from octavo.graph.weights import quantize_rows
from octavo.numerics import Qparams
from octavo.qconfig import QConfig


def emit_recurrent(
    emitter: Emitter, node: Node, qconfig: QConfig, static: bool, found: Mapping[str, Qparams] | None = None
) -> None:
    """Append a recurrent layer with weights in 8 bits.

    Args:
        emitter: the program.
        node: an `lstm`, `gru` or `rnn`.
        qconfig: its weight observer chooses the scales.
        static: whether input and state have qparams found beforehand, or each row its own, found as it arrives.
        found: `Prepared.weights`: qparams of its weights, where rounding has found them.
    """
    read = read_in_8_bits(node) if static else ()
    made = made_in_8_bits(node) if static else ()
    inputs = tuple(emitter.quantized(v) if v in read else emitter.real(v) for v in node.inputs)
    values = tuple((emitter.makes_quantized(v) if v in made else emitter.makes_real(v))[1] for v in node.outputs)
    constants = _biases(node)
    for role in ("weight_ih", "weight_hh", "weight_hr"):
        if role in node.constants:
            constants[role], constants[f"{role}_scale"] = quantize_rows(
                node, qconfig, role, (found or {}).get(f"{node.name}.{role}")
            )
    attributes = {key: value for key, value in node.attributes.items() if key != "lengths"}
    emitter.emit(node.type, node.name, inputs, node.outputs, values, attributes, constants)


def _biases(node: Node) -> dict[str, np.ndarray]:
    """Return the biases: a GRU's two, or the sum of both; of a layer whose product is given what is not in it."""
    rows = node.shape_of("weight_hh")[0]
    biases = {
        role: node.constants[role].float().numpy() if role in node.constants else np.zeros(rows, np.float32)
        for role in ("bias_ih", "bias_hh")
    }
    if "weight_ih" not in node.constants:
        return {"bias_hh": biases["bias_hh"]} if node.type == "gru" else {}
    return biases if node.type == "gru" else {"bias": biases["bias_ih"] + biases["bias_hh"]}
