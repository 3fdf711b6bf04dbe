"""Maxima over windows: the largest number has the largest integer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.modules.utils import _ntuple

from octavo.nn.qtensor import QTensor
from octavo.nn.qtensor_functions.registry import implements
from octavo.ops import operators
from octavo.program import Value


def batched(q: Tensor, axes: int, compute: Callable[[Tensor], Tensor]) -> Any:
    """Compute on `[n, c, …]` with so many spatial axes; `[c, …]` is a batch of one; else NotImplemented."""
    if q.dim() == axes + 2:
        return compute(q)
    return compute(q.unsqueeze(0)).squeeze(0) if q.dim() == axes + 1 else NotImplemented


def pooled(q: Tensor, x: Value, kernel: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool) -> Tensor:
    """Take the largest integer of each window of `[n, c, …]`."""
    spread = _ntuple(q.dim() - 2)
    return operators.apply(
        "max_pool",
        (q,),
        (x,),
        x,
        kernel=spread(kernel),
        stride=spread(kernel if stride in (None, (), []) else stride),
        padding=tuple((p, p) for p in spread(padding)),
        dilation=spread(dilation),
        ceil_mode=bool(ceil_mode),
    )


def _max_pool(axes: int) -> Any:
    def form(
        x: QTensor, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False,
        return_indices: bool = False,
    ) -> Any:  # fmt: skip
        if return_indices:
            return NotImplemented
        y = batched(x.int_repr(), axes, lambda q: pooled(q, x.value, kernel_size, stride, padding, dilation, ceil_mode))
        return y if y is NotImplemented else x.with_data(y)

    return form


def _adaptive_max_pool(axes: int) -> Any:
    def form(x: QTensor, output_size: Any, return_indices: bool = False) -> Any:
        sizes, spatial = _ntuple(axes)(output_size), x.shape[-axes:]
        kernel = [n // o if isinstance(o, int) and n % o == 0 else None for n, o in zip(spatial, sizes, strict=True)]
        if return_indices or None in kernel:
            return NotImplemented  # windows of different sizes
        y = batched(x.int_repr(), axes, lambda q: pooled(q, x.value, tuple(kernel), None, 0, 1, False))
        return y if y is NotImplemented else x.with_data(y)

    return form


implements(F.max_pool1d, torch.max_pool1d)(_max_pool(1))
implements(F.max_pool2d, torch.max_pool2d)(_max_pool(2))
implements(F.max_pool3d, torch.max_pool3d)(_max_pool(3))
implements(F.adaptive_max_pool1d)(_adaptive_max_pool(1))
implements(F.adaptive_max_pool2d)(_adaptive_max_pool(2))
implements(F.adaptive_max_pool3d)(_adaptive_max_pool(3))
