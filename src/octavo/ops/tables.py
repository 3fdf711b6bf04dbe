"""Functions of one element on tensors in 8 bits: programs of one table, made when first needed and kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from octavo.ops.concrete import concretely
from octavo.ops.kept import Kept, key_of
from octavo.ops.tensor_program import TensorProgram, example_shape
from octavo.program import Value
from octavo.program.build import ProgramBuilder
from octavo.program.grid import function_table
from octavo.program.types import QUANT_RANGE

Function = Callable[..., Tensor]

_CHANGES_NOTHING = "changes nothing"
_programs: Kept[TensorProgram | str] = Kept()


def apply_function(function: Function, arguments: tuple[Any, ...], q: Tensor, x: Value, y: Value) -> Tensor:
    """Apply a function to each element: `sat(rne(f(s_x · (q − z_x)) / s_y) + z_y)`; q itself where that changes none.

    Args:
        function: of a float64 tensor and the arguments, element by element; one that is made once, such as `F.relu`.
        arguments: hashable.
        q: integers of x's dtype.
        x, y: dtype and qparams before and after.
    """
    key = (function, arguments, q.dim(), key_of(x), key_of(y))
    ready = _programs.get(key) or _programs.add(key, _build(function, arguments, q, x, y))
    return q if isinstance(ready, str) else ready(q)[0]


def _build(function: Function, arguments: tuple[Any, ...], q: Tensor, x: Value, y: Value) -> TensorProgram | str:
    with concretely():
        table = function_table(lambda levels: function(torch.from_numpy(levels), *arguments).numpy(), x, y)
    low, high = QUANT_RANGE[x.dtype]
    if x == y and np.array_equal(table, np.arange(low, high + 1)):
        return _CHANGES_NOTHING
    builder = ProgramBuilder()
    name = builder.free_input("x", x, example_shape(q))
    return TensorProgram(builder.finish([builder.emit("table", [name], "y", y, constants={"table": table})]))
