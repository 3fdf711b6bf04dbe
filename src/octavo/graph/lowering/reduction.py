"""Sums, means and extremes along axes, and norms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from octavo.graph.lowering.builder import Builder
from octavo.graph.lowering.pooling import spatial_mean
from octavo.graph.lowering.registry import Unsupported, Value, lowers, operator_key

_FUNCTIONS = {
    "sum": "sum", "mean": "mean", "amax": "max", "amin": "min", "max": "max", "min": "min", "any": "max", "all": "min",
}  # fmt: skip


@lowers("sum", "mean", "amax", "amin", "any", "all", integers=True)
def reduce(b: Builder, x: Value, axes: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Value:
    """Lower the sum, mean or an extreme along some axes, one by one; a mean over space is adaptive pooling."""
    key = operator_key(b.current.target)
    if key in ("any", "all") and b.argument_dtype(0) != b.current.meta["val"].dtype:
        raise Unsupported("it looks for numbers that are not 0", "compare them with 0 first")
    pooled = spatial_mean(b, x, axes) if key == "mean" else None
    return pooled or _reduced(b, x, _FUNCTIONS[key], axes, keepdim)


@lowers("max", "min")
def extreme(b: Builder, x: Value, axis: Any = None, keepdim: bool = False) -> Any:
    """Lower the first of the two results along an axis, or the extreme of all elements."""
    key = operator_key(b.current.target)
    if isinstance(axis, Value):
        raise Unsupported("it compares two tensors", f"use torch.{key}imum")
    made = _reduced(b, x, _FUNCTIONS[key], axis, keepdim)
    return made if axis is None else [made]


@lowers("linalg_vector_norm", "norm")
def norm(b: Builder, x: Value, order: Any = 2, axes: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Value:
    """Lower a norm: `sqrt(Σ x²)`, `Σ |x|` or `max |x|`."""
    order = 2 if order is None else order
    if order not in (1, 2, float("inf")):
        raise Unsupported(f"it is the norm of order {order}", "use order 1, 2 or infinity")
    if order == 2:
        squares = b.elementwise("mul", x, {}, suffix=".squares", repeat=2)
        total = _reduced(b, squares, "sum", axes, keepdim)
        return b.elementwise("function", total, {"function": "sqrt"})
    sizes = b.elementwise("function", x, {"function": "abs"}, suffix=".abs")
    return _reduced(b, sizes, "sum" if order == 1 else "max", axes, keepdim)


def _reduced(b: Builder, x: Value, function: str, axes: Any, keepdim: bool) -> Value:
    rank = len(b.shape(x))
    given: Sequence[int] = [axes] if isinstance(axes, int) else list(axes or range(rank))
    y = _unrepeated(b, x, [axis % rank for axis in given])
    own, expanded = b.own_shape(y), y.expanded
    for axis in sorted((axis % rank for axis in given), reverse=True):
        kept = (1,) if keepdim else ()
        own = (*own[:axis], *kept, *own[axis + 1 :])
        expanded = expanded and (*expanded[:axis], *kept, *expanded[axis + 1 :])
        attributes = {"function": function, "axis": axis, "keepdim": keepdim}
        y = b.emit(
            "reduce",
            (Value(y.name),),
            own,
            attributes,
            suffix="" if axis == min(a % rank for a in given) else f".axis{axis}",
        )
    if len(own) == 0:
        raise Unsupported("it makes a single number", "keep an axis (keepdim=True)")
    return Value(y.name, expanded if expanded != own else None)


def _unrepeated(b: Builder, x: Value, axes: Sequence[int]) -> Value:
    """Return a value that is not expanded along the axes that are reduced, nor in rank."""
    own = b.own_shape(x)
    if x.expanded is None or (len(own) == len(x.expanded) and all(own[a] == x.expanded[a] for a in axes)):
        return x
    return b.dense(x)
