"""Sums, products and quotients of two operands, either of which may be constant."""

from __future__ import annotations

from typing import Any

import torch

from octavo.graph.ir import Shape
from octavo.graph.lowering.builder import Builder
from octavo.graph.lowering.registry import Unsupported, Value, lowers


def _constant(b: Builder, x: Value, value: Any) -> torch.Tensor:
    """Return a number or tensor as float64 of x's rank, or refuse it."""
    tensor = torch.as_tensor(value, dtype=torch.float64).detach()
    rank = len(b.shape(x))
    if tensor.dim() > rank or b.result_shape() != b.shape(x):
        raise Unsupported("its constant operand is larger than the other one")
    return tensor.reshape((1,) * (rank - tensor.dim()) + tuple(tensor.shape))


def affine(b: Builder, x: Value, scale: Any = 1.0, shift: Any = 0.0) -> Value:
    """Append `x · scale + shift` with constants that broadcast to x."""
    factor, term = torch.broadcast_tensors(_constant(b, x, scale), _constant(b, x, shift))
    return b.emit("affine", (x,), None, {}, {"scale": factor, "shift": term})


def _binary(b: Builder, operator: str, x: Value, y: Value) -> Value:
    shape = b.result_shape()
    if _broadcast(b.shape(x), b.shape(y)) != shape:
        raise Unsupported(f"the shapes {list(b.shape(x))} and {list(b.shape(y))} do not broadcast for every size")
    return b.emit(operator, (x, y), shape)


def _broadcast(a: Shape, b: Shape) -> Shape | None:
    rank = max(len(a), len(b))
    pairs = list(zip((1,) * (rank - len(a)) + a, (1,) * (rank - len(b)) + b, strict=True))
    if any(x != y and 1 not in (x, y) for x, y in pairs):
        return None
    return tuple(y if x == 1 else x for x, y in pairs)


@lowers("add")
def add(b: Builder, x: Any, y: Any, alpha: Any = 1) -> Value:
    """Lower `x + alpha · y`."""
    if not isinstance(x, Value):
        return affine(b, y, alpha, x)
    if not isinstance(y, Value):
        return affine(b, x, 1.0, torch.as_tensor(y, dtype=torch.float64) * alpha)
    return _binary(b, "add", x, y if alpha == 1 else _scaled(b, y, float(alpha)))


@lowers("sub", "subtract")
def sub(b: Builder, x: Any, y: Any, alpha: Any = 1) -> Value:
    """Lower `x − alpha · y`."""
    return add(b, x, y, alpha=-alpha)


@lowers("rsub")
def rsub(b: Builder, x: Any, y: Any, alpha: Any = 1) -> Value:
    """Lower `y − alpha · x`."""
    return add(b, y, x, alpha=-alpha)


@lowers("mul", "multiply")
def mul(b: Builder, x: Any, y: Any) -> Value:
    """Lower `x · y`."""
    if not isinstance(x, Value):
        x, y = y, x
    return _binary(b, "mul", x, y) if isinstance(y, Value) else affine(b, x, y)


@lowers("div", "divide", "true_divide")
def div(b: Builder, x: Any, y: Any, *, rounding_mode: str | None = None) -> Value:
    """Lower `x / y`; two tensors as `x · (1 / y)`."""
    if rounding_mode is not None:
        raise Unsupported(f"it rounds ({rounding_mode})")
    if not isinstance(y, Value):
        return affine(b, x, 1.0 / torch.as_tensor(y, dtype=torch.float64))
    inverse = b.emit("function", (y,), b.shape(y), {"function": "reciprocal"}, suffix=".reciprocal")
    return mul(b, x, inverse)


@lowers("pow")
def power(b: Builder, x: Any, exponent: Any) -> Value:
    """Lower `x²` as `x · x`, and `x⁰·⁵` as a square root."""
    if isinstance(x, Value) and exponent in (2, 0.5):
        return _binary(b, "mul", x, x) if exponent == 2 else b.emit("function", (x,), None, {"function": "sqrt"})
    raise Unsupported("it is neither a square nor a square root", "multiply, or use exp")


@lowers("square")
def square(b: Builder, x: Value) -> Value:
    """Lower `x · x`."""
    return _binary(b, "mul", x, x)


def _scaled(b: Builder, x: Value, factor: float) -> Value:
    if factor == -1.0:
        return b.emit("function", (x,), b.shape(x), {"function": "neg"}, suffix=".neg")
    constant = torch.full((1,) * len(b.shape(x)), factor, dtype=torch.float64)
    constants = {"scale": constant, "shift": torch.zeros_like(constant)}
    return b.emit("affine", (x,), b.shape(x), {}, constants, suffix=".scale")
