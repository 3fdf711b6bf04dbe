"""Choices between values by a mask: numbers, −∞ in the scores of attention, or other values."""

from __future__ import annotations

import math
from typing import Any

import torch

from octavo.graph.lowering.builder import Builder
from octavo.graph.lowering.masks import chosen, combine, fits, negated, to_float
from octavo.graph.lowering.operands import is_uniform, shifted, value_of
from octavo.graph.lowering.registry import Unsupported, Value, lowers


@lowers("masked_fill", any_dtype=True, patterns=True)
def masked_fill(b: Builder, x: Any, mask: Any, number: Any) -> Any:
    """Lower `number where mask else x`."""
    return choose(b, mask, number, x)


@lowers("where", any_dtype=True, patterns=True)
def where(b: Builder, mask: Any, x: Any, y: Any) -> Any:
    """Lower `x where mask else y`."""
    return choose(b, mask, x, y)


def choose(b: Builder, mask: Any, x: Any, y: Any) -> Value:
    """Return x where the mask is 1 and y where it is 0; −∞ is added as the logarithm of 0."""
    _require_float(b)
    first, second = _number(x), _number(y)
    condition = value_of(b, mask)
    if second == -math.inf:
        return _added(b, x, first, additive(b, condition))
    if first == -math.inf:
        return _added(b, y, second, additive(b, negated(b, condition)))
    if first is not None and second is not None and fits(b, condition):
        return chosen(b, condition, first, second)
    parts = tuple(to_float(b, o if n is None else n) for o, n in ((x, first), (y, second)))
    shape = b.result_shape()
    own = b.broadcast(condition, *parts)
    made = b.emit("where", tuple(Value(v.name) for v in (condition, *parts)), own)
    return made if own == shape else Value(made.name, shape)


def additive(b: Builder, mask: Value) -> Value:
    """Return what is added to scores so that only what a mask lets through counts: log 1 = 0, log 0 = −∞."""

    def make() -> Value:
        own = Value(mask.name)
        return b.emit("function", (own,), b.own_shape(own), {"function": "log"}, suffix=".log")

    return Value(b.once(("log", mask.name), make).name, mask.expanded)


def _added(b: Builder, x: Any, number: float | None, term: Value) -> Value:
    if number is not None:
        return shifted(b, term, number) if fits(b, term) else shifted(b, Value(term.name, b.result_shape()), number)
    return combine(b, "add", to_float(b, x), term)


def _number(x: Any) -> float | None:
    if is_uniform(x):
        return float(x.uniform)
    if isinstance(x, torch.Tensor) and x.numel() == 1:
        return float(x)
    return float(x) if isinstance(x, (int, float)) else None


def _require_float(b: Builder) -> None:
    if b.current.meta["val"].dtype not in (torch.float32, torch.bool):
        raise Unsupported("it chooses between integers", "choose between float32 values")
