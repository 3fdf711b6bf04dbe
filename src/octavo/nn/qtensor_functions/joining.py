"""Functions of several tensors that move values: on integers where all have the same qparams."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from octavo.nn.qtensor import QTensor
from octavo.nn.qtensor_functions.registry import implements, implements_for_several, is_plain
from octavo.program import Value
from octavo.program.grid import to_integers


def _joined(function: Any) -> Any:
    def form(tensors: Any, *args: Any, **kwargs: Any) -> Any:
        # A generator would be used up by looking at it.
        if not isinstance(tensors, Sequence) or not share_qparams(*tensors):
            return NotImplemented
        return tensors[0].with_data(function([x.int_repr() for x in tensors], *args, **kwargs))

    return form


_NAMES = ("cat", "concat", "concatenate", "stack", "hstack", "vstack", "row_stack", "dstack", "column_stack")
for _function in [getattr(torch, name) for name in _NAMES if hasattr(torch, name)]:
    implements_for_several(_function)(_joined(_function))


@implements_for_several(torch.where)
def where(condition: Any, x: Any = None, y: Any = None) -> Any:
    """Choose from two tensors of the same qparams."""
    if isinstance(condition, QTensor) or not share_qparams(x, y):
        return NotImplemented
    return x.with_data(torch.where(condition, x.int_repr(), y.int_repr()))


@implements(Tensor.where)
def where_method(x: QTensor, condition: Any, other: Any = None) -> Any:
    """Choose from two tensors of the same qparams."""
    return where(condition, x, other)


@implements(torch.masked_fill, Tensor.masked_fill)
def masked_fill(x: QTensor, mask: Tensor, value: Any) -> Any:
    """Put a number where the mask is true, if the integers can say it exactly."""
    q = exact_integer(value, x.value) if isinstance(value, (int, float)) else None
    return NotImplemented if q is None else x.with_data(x.int_repr().masked_fill(mask, q))


def share_qparams(*tensors: Any) -> bool:
    """Tell whether all are QTensors in 8 bits of the same dtype, scale and zero_point."""
    return all(is_plain(x) for x in tensors) and len({x.value for x in tensors}) == 1


def exact_integer(number: float, x: Value) -> int | None:
    """Return the integer that stands for exactly this float32 number; None where none does."""
    wanted = torch.tensor(number, dtype=torch.float32)
    if not torch.isfinite(wanted):
        return None
    q = int(to_integers(float(wanted), x))
    assert x.scale is not None and x.zero_point is not None
    return q if torch.tensor(float(q - x.zero_point)) * x.scale == wanted else None
