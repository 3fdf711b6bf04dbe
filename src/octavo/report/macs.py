"""How many multiplications a program takes."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from octavo.program import Operator, Program

LAYERS = ("conv", "conv_transpose", "linear", "dynamic_linear")
RECURRENT = ("lstm", "gru", "rnn")


def macs(program: Program, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, int]:
    """Count the multiply-accumulates of each convolution, linear and recurrent layer.

    Args:
        program: any program.
        shapes: value name to shape, as `infer_shapes` returns it.

    Returns: operator name to count; operators without weights are left out.
    """
    return {op.name: _count(op, program, shapes) for op in program.operators if op.type in (*LAYERS, *RECURRENT)}


def _count(operator: Operator, program: Program, shapes: Mapping[str, tuple[int, ...]]) -> int:
    if operator.type in RECURRENT:
        roles = ("weight_ih", "weight_hh", "weight_hr")
        weights = [program.constants[operator.constants[role]] for role in roles if role in operator.constants]
        return prod(shapes[operator.outputs[0]][:2]) * sum(weight.size for weight in weights)
    weight = program.constants[operator.constants["weight"]]
    # An output sums as many products as a row of the weight has; in a transposed layer an input gives as many.
    counted = operator.inputs[0] if operator.type == "conv_transpose" else operator.outputs[0]
    return prod(shapes[counted]) * prod(weight.shape[1:])
