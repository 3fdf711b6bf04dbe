"""Booleans and what they choose: a boolean is a float32 value that is 0 or 1."""

from __future__ import annotations

from typing import Any

import torch

from octavo.graph.lowering.builder import INDICES, Builder
from octavo.graph.lowering.operands import Both, constant, is_uniform, shifted, value_of
from octavo.graph.lowering.patterns import Split
from octavo.graph.lowering.registry import Unsupported, Value, lowers, operator_key

_INTEGERS = (torch.int64, torch.int32)


@lowers("to", "_to_copy", "type_as", "float", "long", "bool", any_dtype=True, patterns=True)
def cast(b: Builder, x: Any, *rest: Any, **names: Any) -> Any:
    """Lower a change of dtype, or nothing where that stays."""
    wanted, given = b.current.meta["val"].dtype, b.argument_dtype(0)
    if wanted == given:
        return x
    x = value_of(b, x)
    kind = b.fixed.get(x.name)
    if kind is not None and kind != INDICES:
        raise Unsupported("it converts the integers of a tensor in 8 bits", "dequantize it (a DeQuantStub)")
    if wanted == torch.bool:
        return not_zero(b, x)
    if wanted in _INTEGERS and given in _INTEGERS:
        return x
    if wanted not in (torch.float32, *_INTEGERS) or given not in (*_INTEGERS, torch.bool):
        raise Unsupported(f"it makes values of {wanted} from {given}", "keep tensors in float32, and ids in int64")
    return as_float(b, x)


def as_float(b: Builder, x: Value) -> Value:
    """Return integers as float32; numbers up to 2²⁴ as they are."""
    if x.name not in b.fixed:
        return x
    made = b.once(("value", x.name), lambda: _cast(b, x, "value"))
    return Value(made.name, x.expanded)


def not_zero(b: Builder, x: Value, source: int = 0) -> Value:
    """Return 1 where x is not 0, else 0.

    Args:
        b: where it is appended.
        x: any value.
        source: which argument of the current operator it is.
    """
    given = b.argument_dtype(source)
    if given == torch.bool:
        return x
    if x.name in b.fixed:
        return truth(b, x)
    if given not in _INTEGERS:
        return chosen(b, x, 1.0, 0.0)
    return _bounded(b, b.elementwise("function", x, {"function": "abs"}, suffix=".abs"))


def truth(b: Builder, x: Value) -> Value:
    """Return 1 where an integer is not 0, else 0."""
    made = b.once(("not_zero", x.name), lambda: _cast(b, x, "not_zero"))
    return Value(made.name, x.expanded)


@lowers("logical_not", "bitwise_not", any_dtype=True)
def invert(b: Builder, x: Value) -> Value:
    """Lower `not x` as `1 − x`."""
    _require_booleans(b)
    return negated(b, not_zero(b, x))


@lowers("logical_and", "bitwise_and", "__and__", any_dtype=True, patterns=True)
def both(b: Builder, x: Any, y: Any) -> Any:
    """Lower `x and y` as a product; what the input decides is kept apart from what positions decide."""
    _require_booleans(b)
    for mine, other in ((x, y), (y, x)):
        if is_uniform(mine) and mine.uniform:
            return _widened(b, other)
    if isinstance(x, Value) and isinstance(y, Value):
        return product(b, not_zero(b, x), not_zero(b, y, 1))
    value, pattern = (x, y) if isinstance(y, Split) else (y, x)
    if isinstance(value, Value) and isinstance(pattern, Split) and pattern.line is not None:
        return Both(value, pattern, b.result_shape())
    return product(b, value_of(b, x), value_of(b, y))


@lowers("logical_or", "bitwise_or", "__or__", any_dtype=True)
def either(b: Builder, x: Any, y: Any) -> Value:
    """Lower `x or y` as `min(x + y, 1)`."""
    _require_booleans(b)
    return _bounded(b, combine(b, "add", not_zero(b, value_of(b, x)), not_zero(b, value_of(b, y), 1)))


@lowers("logical_xor", "bitwise_xor", "__xor__", "ne", any_dtype=True)
def unequal(b: Builder, x: Any, y: Any) -> Value:
    """Lower `x != y`: 1 where the difference is not 0."""
    difference = _difference(b, x, y)
    if _are_integers(b):
        return _bounded(b, b.elementwise("function", difference, {"function": "abs"}, suffix=".abs"))
    return chosen(b, difference, 1.0, 0.0)


@lowers("eq", any_dtype=True)
def equal(b: Builder, x: Any, y: Any) -> Value:
    """Lower `x == y`."""
    if isinstance(y, (int, float)) and y == 0 and isinstance(x, Value):
        return negated(b, not_zero(b, x))
    return negated(b, unequal(b, x, y))


@lowers("gt", "lt", "ge", "le", any_dtype=True)
def compare(b: Builder, x: Any, y: Any) -> Value:
    """Lower an order: `x > y` is 1 where `max(x − y, 0)` is not 0."""
    key = operator_key(b.current.target)
    strict = key in ("gt", "lt")
    larger = key in ("gt", "le")  # x <= y is not (x > y)
    positive = _difference(b, x, y) if larger else _difference(b, y, x)
    if _are_integers(b):
        above = _bounded(b, positive)
    else:
        above = b.elementwise("clamp", positive, {"min": 0.0, "max": None}, suffix=".above")
        above = chosen(b, above, 1.0, 0.0)
    return above if strict else negated(b, above)


def product(b: Builder, x: Value, y: Value) -> Value:
    """Append `x · y`."""
    return combine(b, "mul", x, y)


def combine(b: Builder, operator: str, x: Value, y: Value, suffix: str = "", **attributes: Any) -> Value:
    """Append an operator of two values that broadcasts, to the shape that PyTorch gave."""
    shape, own = b.result_shape(), b.broadcast(x, y)
    made = b.emit(operator, (Value(x.name), Value(y.name)), own, attributes, suffix=suffix)
    return made if own == shape else Value(made.name, shape)


def _cast(b: Builder, x: Value, function: str) -> Value:
    own = Value(x.name)
    return b.emit("cast", (own,), b.own_shape(own), {"function": function}, suffix=f".{function}")


def _bounded(b: Builder, x: Value) -> Value:
    return b.elementwise("clamp", x, {"min": 0.0, "max": 1.0}, suffix=".bounded")


def negated(b: Builder, x: Value) -> Value:
    """Append `1 − x`."""

    def make() -> Value:
        ones = torch.ones((1,) * max(1, len(b.own_shape(x))), dtype=torch.float64)
        return b.elementwise("affine", Value(x.name), {}, {"scale": -ones, "shift": ones}, ".not")

    return Value(b.once(("not", x.name), make).name, x.expanded)


def chosen(b: Builder, x: Value, inside: float, outside: float) -> Value:
    """Return one number where x is not 0, another where it is."""
    numbers = [constant(b, torch.tensor([n])) for n in (inside, outside)]
    made = b.emit("where", (Value(x.name), *numbers), b.own_shape(x), suffix=".chosen")
    return Value(made.name, x.expanded)


def _difference(b: Builder, x: Any, y: Any) -> Value:
    """Append `x − y` in float32."""
    if isinstance(y, (int, float)):
        return shifted(b, to_float(b, x), -float(y))
    return combine(b, "binary", to_float(b, x), to_float(b, y), ".difference", function="sub")


def to_float(b: Builder, x: Any) -> Value:
    """Return any operand as a float32 value."""
    return as_float(b, value_of(b, x))


def fits(b: Builder, x: Value) -> bool:
    """Tell whether x has the shape that PyTorch gave the current operator's result."""
    return b.shape(x) == b.result_shape()


def _widened(b: Builder, x: Any) -> Any:
    return Value(x.name, b.result_shape()) if isinstance(x, Value) and not fits(b, x) else x


def _are_integers(b: Builder) -> bool:
    return all(b.argument_dtype(i) in (*_INTEGERS, torch.bool) for i in range(len(b.current.args)))


def _require_booleans(b: Builder) -> None:
    if b.current.meta["val"].dtype != torch.bool:
        raise Unsupported("it computes with the bits of integers", "use booleans")
