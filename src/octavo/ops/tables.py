"""Functions of one element on tensors in 8 bits: programs of one table, made when first needed and kept."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from octavo.ops.concrete import concretely
from octavo.ops.operators import Example
from octavo.ops.tensor_program import TensorProgram, example_shape
from octavo.program import Value
from octavo.program.build import ProgramBuilder
from octavo.program.grid import function_table
from octavo.program.types import QUANT_RANGE

Function = Callable[..., Tensor]


def apply_function(function: Function, arguments: tuple[Any, ...], q: Tensor, x: Value, y: Value) -> Tensor:
    """Apply a function to each element: `sat(rne(f(s_x · (q − z_x)) / s_y) + z_y)`; q itself where that changes none.

    Args:
        function: of a float64 tensor and the arguments, element by element; one that is made once, such as `F.relu`.
        arguments: hashable.
        q: integers of x's dtype.
        x, y: dtype and qparams before and after.
    """
    if _changes_nothing(function, arguments, x, y):
        return q
    return _program(function, arguments, x, y, q.dim(), Example((example_shape(q),)))(q)[0]


@lru_cache(maxsize=1024)
def _table(function: Function, arguments: tuple[Any, ...], x: Value, y: Value) -> np.ndarray:
    with concretely():
        return function_table(lambda levels: function(torch.from_numpy(levels), *arguments).numpy(), x, y)


@lru_cache(maxsize=1024)
def _changes_nothing(function: Function, arguments: tuple[Any, ...], x: Value, y: Value) -> bool:
    low, high = QUANT_RANGE[x.dtype]
    return x == y and np.array_equal(_table(function, arguments, x, y), np.arange(low, high + 1))


@lru_cache(maxsize=1024)
def _program(
    function: Function, arguments: tuple[Any, ...], x: Value, y: Value, rank: int, example: Example
) -> TensorProgram:
    builder = ProgramBuilder()
    name = builder.free_input("x", x, example[0])
    table = _table(function, arguments, x, y)
    return TensorProgram(builder.finish([builder.emit("table", [name], "y", y, constants={"table": table})]))
