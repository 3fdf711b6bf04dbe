"""What depends on order alone: a larger integer is a larger number."""

from __future__ import annotations

import math
import operator
from typing import Any

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from octavo.nn.qtensor import QTensor
from octavo.nn.qtensor_functions.joining import share_qparams
from octavo.nn.qtensor_functions.registry import implements, implements_for_several

_CHOOSING = (
    "max", "min", "amax", "amin", "argmax", "argmin", "aminmax", "topk", "sort", "msort", "argsort", "kthvalue",
    "cummax", "cummin",
)  # fmt: skip
_OF_TWO = ("maximum", "minimum", "fmax", "fmin")
_COMPARING = ("eq", "ne", "lt", "le", "gt", "ge")


def _chosen(function: Any, pairs: bool) -> Any:
    """Make the form of a function that chooses elements; `pairs`: it may also take two tensors."""

    def form(x: QTensor, *args: Any, **kwargs: Any) -> Any:
        others = [a for a in (*args, *kwargs.values()) if isinstance(a, Tensor)]
        if others and not (pairs and share_qparams(x, *others)):
            return NotImplemented
        q = x.int_repr()
        plain = [a.int_repr() if isinstance(a, QTensor) else a for a in args]
        chosen = function(q, *plain, **kwargs)
        return pytree.tree_map(lambda leaf: x.with_data(leaf) if _is_of(leaf, q) else leaf, chosen)

    return form


def _is_of(leaf: Any, q: Tensor) -> bool:
    return isinstance(leaf, Tensor) and leaf.dtype == q.dtype


for _name in (*_CHOOSING, *_OF_TWO):
    for _namespace in (torch, Tensor):
        _function = getattr(_namespace, _name)
        implements(_function)(_chosen(_function, _name in (*_OF_TWO, "max", "min")))


def _compared(name: str) -> Any:
    compare = getattr(operator, name)

    def form(x: QTensor, other: Any) -> Any:
        if isinstance(other, (int, float)) and not math.isnan(other):
            return _compare_with_number(x, float(other), name)
        if not isinstance(other, QTensor) or not share_qparams(x, other):
            return NotImplemented
        return compare(x.int_repr(), other.int_repr())

    return form


for _name in _COMPARING:
    implements(getattr(torch, _name), getattr(Tensor, _name), getattr(Tensor, f"__{_name}__"))(_compared(_name))


def _compare_with_number(x: QTensor, number: float, name: str) -> Tensor:
    """Compare the numbers that x stands for with another one, by a bound that its integers are compared with."""
    q = x.int_repr().to(torch.int16)
    info = torch.iinfo(x.int_repr().dtype)
    reals = (torch.arange(info.min, info.max + 1) - x.q_zero_point()).float() * x.q_scale()
    wanted = torch.tensor(number, dtype=torch.float32)
    first = info.min + int((reals < wanted).sum())  # the least integer at or above the number
    after = info.min + int((reals <= wanted).sum())  # the least integer above it
    answers = {
        "lt": lambda: q < first,
        "ge": lambda: q >= first,
        "le": lambda: q < after,
        "gt": lambda: q >= after,
        "eq": lambda: (q >= first) & (q < after),
        "ne": lambda: (q < first) | (q >= after),
    }
    return answers[name]()


@implements_for_several(torch.equal, Tensor.equal)
def equal(x: Any, other: Any) -> Any:
    """Tell whether two tensors of the same qparams are equal."""
    return torch.equal(x.int_repr(), other.int_repr()) if share_qparams(x, other) else NotImplemented
