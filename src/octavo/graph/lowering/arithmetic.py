"""Sums, products and quotients of two operands, either of which may be constant."""

from __future__ import annotations

from typing import Any

import torch

from octavo.graph.lowering.builder import Builder
from octavo.graph.lowering.masks import combine
from octavo.graph.lowering.operands import Both, is_uniform, value_of
from octavo.graph.lowering.patterns import Mapped, Ramp, Split
from octavo.graph.lowering.registry import Unsupported, Value, lowers, operator_key


def _operand(b: Builder, x: Any) -> Any:
    """Return an operand as a value, a number or a constant tensor."""
    if is_uniform(x):
        return x.uniform
    return value_of(b, x) if isinstance(x, (Ramp, Split, Mapped, Both)) else x


def _fits(b: Builder, x: Value, value: Any) -> bool:
    """Tell whether a constant broadcasts to x, so that the result has the shape of x."""
    rank = value.dim() if isinstance(value, torch.Tensor) else 0
    return rank <= len(b.shape(x)) and b.result_shape() == b.shape(x)


def _constant(b: Builder, x: Value, value: Any) -> torch.Tensor:
    """Return a number or tensor as float64 of x's rank."""
    tensor = torch.as_tensor(value, dtype=torch.float64).detach()
    rank = len(b.shape(x)) if tensor.numel() > 1 else max(1, len(b.own_shape(x)))
    return tensor.reshape((1,) * (rank - tensor.dim()) + tuple(tensor.shape)) if tensor.dim() <= rank else tensor


def affine(b: Builder, x: Value, scale: Any = 1.0, shift: Any = 0.0) -> Value:
    """Append `x · scale + shift` with constants that broadcast to x."""
    factor, term = torch.broadcast_tensors(_constant(b, x, scale), _constant(b, x, shift))
    constants = {"scale": factor, "shift": term}
    if factor.numel() > 1:
        return b.emit("affine", (x,), None, {}, constants)
    shape = b.result_shape()
    ones = (1,) * max(1, len(b.own_shape(x)))
    made = b.elementwise("affine", x, {}, {role: tensor.reshape(ones) for role, tensor in constants.items()})
    return made if b.shape(made) == shape else Value(made.name, shape)


def _binary(b: Builder, operator: str, x: Any, y: Any, **attributes: Any) -> Value:
    """Append an operator of two operands, one of which may be a constant."""
    return combine(b, operator, value_of(b, x), value_of(b, y), **attributes)


@lowers("add", integers=True, patterns=True)
def add(b: Builder, x: Any, y: Any, alpha: Any = 1) -> Value:
    """Lower `x + alpha · y`."""
    x, y = _operand(b, x), _operand(b, y)
    if not isinstance(x, Value):
        if _fits(b, y, x):
            return affine(b, y, alpha, x)
        x = value_of(b, x)
    if not isinstance(y, Value):
        term = torch.as_tensor(y, dtype=torch.float64) * alpha
        if _fits(b, x, term):
            return affine(b, x, 1.0, term)
        return _binary(b, "add", x, term)
    return _binary(b, "add", x, y if alpha == 1 else scaled(b, y, float(alpha)))


@lowers("sub", "subtract", integers=True, patterns=True)
def sub(b: Builder, x: Any, y: Any, alpha: Any = 1) -> Value:
    """Lower `x − alpha · y`."""
    return add(b, x, y, alpha=-alpha)


@lowers("rsub", integers=True, patterns=True)
def rsub(b: Builder, x: Any, y: Any, alpha: Any = 1) -> Value:
    """Lower `y − alpha · x`."""
    return add(b, y, x, alpha=-alpha)


@lowers("mul", "multiply", integers=True, patterns=True)
def mul(b: Builder, x: Any, y: Any) -> Value:
    """Lower `x · y`."""
    x, y = _operand(b, x), _operand(b, y)
    if not isinstance(x, Value):
        x, y = y, x
    if isinstance(y, Value) or not _fits(b, x, y):
        return _binary(b, "mul", x, y)
    return affine(b, x, y)


@lowers("div", "divide", "true_divide", integers=True, patterns=True)
def div(b: Builder, x: Any, y: Any, *, rounding_mode: str | None = None) -> Value:
    """Lower `x / y`; a constant over a value as the constant times `1 / y`."""
    x, y = _operand(b, x), _operand(b, y)
    if rounding_mode is not None:
        raise Unsupported(f"it rounds ({rounding_mode})")
    if not isinstance(y, Value):
        return mul(b, x, 1.0 / torch.as_tensor(y, dtype=torch.float64))
    if isinstance(x, Value):
        return _binary(b, "binary", x, y, function="div")
    return mul(b, x, b.elementwise("function", y, {"function": "reciprocal"}, suffix=".reciprocal"))


@lowers("pow")
def power(b: Builder, x: Any, exponent: Any) -> Value:
    """Lower `x²` and `x³` as products, and `x` to the power of 0.5 or −0.5 as a square root or its inverse."""
    if isinstance(x, Value) and exponent == 3:
        return combine(b, "mul", combine(b, "mul", x, x, ".square"), x)
    if isinstance(x, Value) and exponent in (2, 0.5, -0.5):
        function = {0.5: "sqrt", -0.5: "rsqrt"}.get(exponent)
        return _binary(b, "mul", x, x) if function is None else b.elementwise("function", x, {"function": function})
    raise Unsupported("it is no square, cube or square root", "multiply, or use exp")


@lowers("maximum", "minimum", patterns=True)
def bound(b: Builder, x: Any, y: Any) -> Value:
    """Lower the larger or the smaller of two values."""
    return _binary(b, "binary", _operand(b, x), _operand(b, y), function=operator_key(b.current.target))


@lowers("square")
def square(b: Builder, x: Value) -> Value:
    """Lower `x · x`."""
    return _binary(b, "mul", x, x)


def scaled(b: Builder, x: Value, factor: float) -> Value:
    """Append `factor · x`."""
    if factor == -1.0:
        return b.elementwise("function", x, {"function": "neg"}, suffix=".neg")
    constant = torch.full((1,) * max(1, len(b.own_shape(x))), factor, dtype=torch.float64)
    return b.elementwise("affine", x, {}, {"scale": constant, "shift": torch.zeros_like(constant)}, ".scale")
