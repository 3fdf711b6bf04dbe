"""Averages: `sat(rne(f(Σ (q − z)) · m) + z)`, rounded to the input's own qparams."""

from __future__ import annotations

from math import prod
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.modules.utils import _ntuple

from octavo.nn.qtensor import QTensor
from octavo.nn.qtensor_functions.maximum import batched
from octavo.nn.qtensor_functions.registry import implements
from octavo.ops import operators
from octavo.program import Value


def _avg_pool(axes: int) -> Any:
    spread = _ntuple(axes)

    def form(
        x: QTensor, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
        count_include_pad: bool = True, divisor_override: int | None = None,
    ) -> Any:  # fmt: skip
        kernel, pads, step = (_one(value) for value in (kernel_size, padding, stride))
        attributes = {
            "kernel": spread(kernel),
            "stride": spread(kernel if step in (None, (), []) else step),
            "padding": tuple((p, p) for p in spread(pads)),
            "ceil_mode": bool(ceil_mode),
            "count_include_pad": bool(count_include_pad),
            "divisor": divisor_override,
        }
        value = x.value
        y = batched(x.int_repr(), axes, lambda q: operators.apply("avg_pool", (q,), (value,), value, **attributes))
        return y if y is NotImplemented else x.with_data(y)

    return form


def _one(value: Any) -> Any:
    """Return the number in a sequence of one, which stands for all axes."""
    return value[0] if isinstance(value, (tuple, list)) and len(value) == 1 else value


def _adaptive_avg_pool(axes: int) -> Any:
    def form(x: QTensor, output_size: Any) -> Any:
        wanted = _ntuple(axes)(_one(output_size))
        sizes = tuple(n if o is None else o for n, o in zip(x.shape[-axes:], wanted, strict=True))
        y = batched(x.int_repr(), axes, lambda q: averaged(q, x.value, sizes))
        return y if y is NotImplemented else x.with_data(y)

    return form


def averaged(q: Tensor, x: Value, sizes: tuple[int, ...]) -> Tensor:
    """Average `[n, c, …]` over windows that leave so many elements of each spatial axis."""
    return operators.apply("adaptive_avg_pool", (q,), (x,), x, output_size=tuple(int(size) for size in sizes))


implements(F.avg_pool1d, torch.avg_pool1d)(_avg_pool(1))
implements(F.avg_pool2d)(_avg_pool(2))
implements(F.avg_pool3d)(_avg_pool(3))
implements(F.adaptive_avg_pool1d, torch.adaptive_avg_pool1d)(_adaptive_avg_pool(1))
implements(F.adaptive_avg_pool2d)(_adaptive_avg_pool(2))
implements(F.adaptive_avg_pool3d)(_adaptive_avg_pool(3))


@implements(torch.mean, Tensor.mean)
def mean(x: QTensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """Average over axes; all of them where dim is None."""
    if dtype not in (None, torch.float32):
        return NotImplemented
    q, rank = x.int_repr(), x.dim()
    given = range(rank) if dim is None or dim == () else ((dim,) if isinstance(dim, int) else dim)
    reduced = sorted(d % rank for d in given) if rank else []
    if rank in (3, 4, 5) and reduced == list(range(2, rank)):
        y = averaged(q, x.value, (1,) * (rank - 2))
        return x.with_data(y if keepdim else y.flatten(1))
    if not reduced or len(set(reduced)) < len(reduced):
        return NotImplemented
    kept = [d for d in range(rank) if d not in reduced]
    rows = q.permute(*kept, *reduced).reshape(1, -1, prod(q.shape[d] for d in reduced))
    shape = [1 if d in reduced else q.shape[d] for d in range(rank) if keepdim or d in kept]
    return x.with_data(averaged(rows, x.value, (1,)).reshape(shape))
