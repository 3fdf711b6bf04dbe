"""Runs a program operator by operator."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, overload

import numpy as np

from octavo.program.reference import (
    attention,
    constant,
    conv,
    dynamic,
    elementwise,
    embedding,
    matmul,
    moving,
    pooling,
    recurrent,
    rows,
)
from octavo.program.reference.call import Call
from octavo.program.shapes import bind_symbols, infer_shapes
from octavo.program.types import QUANT_RANGE, Operator, Program, Shape, clamp_range

Inputs = Mapping[str, np.ndarray] | Sequence[np.ndarray]

FUNCTIONS: Mapping[str, Callable[[Call], np.ndarray | tuple[np.ndarray, ...]]] = {
    "cast": elementwise.cast,
    "truncate": elementwise.truncate,
    "quantize": elementwise.quantize,
    "dequantize": elementwise.dequantize,
    "conv": conv.conv,
    "conv_transpose": conv.conv_transpose,
    "linear": conv.linear,
    "dynamic_linear": dynamic.dynamic_linear,
    "dynamic_matmul": matmul.dynamic_matmul,
    "matmul": matmul.matmul,
    "dynamic_attention": attention.dynamic_attention,
    "attention": attention.attention,
    "add": elementwise.add,
    "mul": elementwise.mul,
    "binary": elementwise.binary,
    "where": elementwise.where,
    "table": elementwise.table,
    "concat": moving.concat,
    "max_pool": pooling.max_pool,
    "avg_pool": pooling.avg_pool,
    "adaptive_avg_pool": pooling.adaptive_avg_pool,
    "reshape": moving.reshape,
    "permute": moving.permute,
    "slice": moving.slice_,
    "take": moving.take,
    "gather": moving.gather,
    "pad": moving.pad,
    "channel_shuffle": moving.channel_shuffle,
    "clamp": elementwise.clamp,
    "unary": elementwise.unary,
    "elu": elementwise.elu,
    "softplus": elementwise.softplus,
    "prelu": elementwise.prelu,
    "reduce": rows.reduce,
    "cumsum": rows.cumsum,
    "softmax": rows.softmax,
    "log_softmax": rows.log_softmax,
    "lstm": recurrent.lstm,
    "gru": recurrent.gru,
    "rnn": recurrent.rnn,
    "embedding": embedding.embedding,
    "embedding_bag": embedding.embedding_bag,
    "layer_norm": rows.layer_norm,
    "group_norm": rows.group_norm,
    "constant": constant.constant,
    "range": constant.range_,
}


@overload
def run(program: Program, inputs: Inputs, keep: Literal[False] = False) -> list[np.ndarray]: ...
@overload
def run(program: Program, inputs: Inputs, keep: Literal[True]) -> dict[str, np.ndarray]: ...
def run(program: Program, inputs: Inputs, keep: bool = False) -> list[np.ndarray] | dict[str, np.ndarray]:
    """Run a program in NumPy: the integers that every executor gives.

    Args:
        program: a program that `verify` accepts.
        inputs: one array for each input, in order or by name, of exactly its dtype.
        keep: return every value by name instead of the outputs alone.

    Returns:
        The outputs in order (`rebuild` arranges them), or all values.

    Raises:
        ShapeError: an input is missing or does not have the shape that the program takes.
        TypeError: an input has another dtype.
        IndexError: an id is not in the table of an embedding, an index of take or gather not in its axis.
        ValueError: the offsets of an embedding_bag are no offsets, or a recurrent layer's lengths no lengths.
    """
    if isinstance(inputs, Mapping):
        sizes = bind_symbols(program, {name: np.shape(array) for name, array in inputs.items()})
        arrays = [inputs[declared.name] for declared in program.inputs]
    else:
        sizes = bind_symbols(program, [np.shape(array) for array in inputs])
        arrays = list(inputs)
    values = {declared.name: np.asarray(array) for declared, array in zip(program.inputs, arrays, strict=True)}
    for declared in program.inputs:
        if values[declared.name].dtype != np.dtype(declared.dtype):
            got = values[declared.name].dtype
            raise TypeError(f"input '{declared.name}': got an array of {got}, expected {declared.dtype}")
    shapes = infer_shapes(program, sizes)
    with np.errstate(all="ignore"):
        for operator in program.operators:
            made = FUNCTIONS[operator.type](_call(program, operator, values, shapes[operator.outputs[0]]))
            for name, y in zip(operator.outputs, made if isinstance(made, tuple) else (made,), strict=True):
                values[name] = np.ascontiguousarray(y).reshape(shapes[name])
    return values if keep else [values[name] for name in program.outputs]


def _call(program: Program, operator: Operator, values: Mapping[str, np.ndarray], shape: Shape) -> Call:
    output = program.values[operator.outputs[0]]
    return Call(
        where=f"operator '{operator.name}' ({operator.type})",
        inputs=tuple(values[name] for name in operator.inputs),
        types=tuple(program.values[name] for name in operator.inputs),
        output=output,
        shape=shape,
        attributes=operator.attributes,
        constants={role: program.constants[tensor] for role, tensor in operator.constants.items()},
        clamp=clamp_range(operator, output) if output.dtype in QUANT_RANGE else None,
    )
