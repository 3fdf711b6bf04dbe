"""How many multiplications a program takes."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from octavo.program import Operator, Program

LAYERS = ("conv", "conv_transpose", "linear", "dynamic_linear")
RECURRENT = ("lstm", "gru", "rnn")
PRODUCTS = ("matmul", "dynamic_matmul")
ATTENTION = ("attention", "dynamic_attention")
MULTIPLYING = (*LAYERS, *RECURRENT, *PRODUCTS, *ATTENTION)


def macs(program: Program, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, int]:
    """Count the multiply-accumulates of each convolution, linear and recurrent layer, matrix product and attention.

    Args:
        program: any program.
        shapes: value name to shape, as `infer_shapes` returns it.

    Returns: operator name to count; operators of other types are left out.
    """
    return {op.name: _count(op, program, shapes) for op in program.operators if op.type in MULTIPLYING}


def _count(operator: Operator, program: Program, shapes: Mapping[str, tuple[int, ...]]) -> int:
    output = shapes[operator.outputs[0]]
    if operator.type in PRODUCTS:
        return prod(output) * shapes[operator.inputs[0]][-1]
    if operator.type in ATTENTION:  # q times k, for each place of q and each of k; then what they weigh of v
        q, k = (shapes[name] for name in operator.inputs[:2])
        return prod(q[:2]) * k[1] * (q[2] + output[2])
    if operator.type in RECURRENT:
        roles = ("weight_ih", "weight_hh", "weight_hr")
        weights = [program.constants[operator.constants[role]] for role in roles if role in operator.constants]
        return prod(output[:2]) * sum(weight.size for weight in weights)
    weight = program.constants[operator.constants["weight"]]
    # An output sums as many products as a row of the weight has; in a transposed layer an input gives as many.
    counted = shapes[operator.inputs[0]] if operator.type == "conv_transpose" else output
    return prod(counted) * prod(weight.shape[1:])
