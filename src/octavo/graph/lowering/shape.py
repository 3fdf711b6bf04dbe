"""Operators that only move values or name them anew."""

from __future__ import annotations

from typing import Any

import torch

from octavo.graph.ir import Dim
from octavo.graph.lowering.builder import Builder
from octavo.graph.lowering.operands import value_of
from octavo.graph.lowering.registry import Unsupported, Value, lowers, operator_key

_END = 2**31


@lowers("contiguous", "detach", "alias", "clone", "identity", "lift_fresh", moves=True, patterns=True)
def identity(b: Builder, x: Any, *rest: Any, **names: Any) -> Any:
    """Pass a value on."""
    return x


@lowers("dropout", "feature_dropout", "alpha_dropout", "feature_alpha_dropout", moves=True)
def dropout(b: Builder, x: Value, probability: float, train: bool) -> Value:
    """Pass a value on, or keep the dropout to train with; refuse one that drops at random in evaluation mode too."""
    if train and probability > 0:
        raise Unsupported("it drops at random even in evaluation mode", "pass it training=self.training")
    if not b.training:
        return x
    return b.emit("dropout", (x,), None, {"probability": probability, "kind": operator_key(b.current.target)})


@lowers(
    "flatten", "view", "reshape", "_unsafe_view", "unsqueeze", "squeeze", "unflatten", "view_as", "reshape_as",
    sizes=True, moves=True,
)  # fmt: skip
def reshape(b: Builder, x: Value, *rest: Any, **names: Any) -> Value:
    """Lower everything that keeps the row-major order of the elements."""
    return b.reshape(x, b.result_shape(), suffix="")


@lowers("permute", moves=True)
def permute(b: Builder, x: Value, dims: Any) -> Value:
    """Lower a permutation of the axes."""
    order = [d % len(dims) for d in dims]
    return x if order == list(range(len(order))) else b.emit("permute", (x,), None, {"dims": order})


@lowers("transpose", "swapaxes", moves=True)
def transpose(b: Builder, x: Value, first: int, second: int) -> Value:
    """Lower the exchange of two axes."""
    order = list(range(len(b.shape(x))))
    order[first], order[second] = order[second], order[first]
    return permute(b, x, order)


@lowers("mT", moves=True)
def transpose_matrices(b: Builder, x: Value) -> Value:
    """Lower the transpose of each matrix of a batch."""
    return transpose(b, x, -2, -1)


@lowers("t", "numpy_T", "matrix_H", moves=True)
def t(b: Builder, x: Value) -> Value:
    """Lower the transpose of a matrix."""
    if len(b.shape(x)) != 2:
        raise Unsupported("it transposes a tensor that is not a matrix", "use permute")
    return permute(b, x, [1, 0])


@lowers("cat", "concat", "concatenate", moves=True)
def concat(b: Builder, values: Any, axis: int = 0) -> Value:
    """Lower a concatenation."""
    values = [value_of(b, v) for v in values]
    if len(values) == 1:
        return values[0]
    return b.emit("concat", tuple(values), None, {"axis": axis % len(b.shape(values[0]))})


@lowers("stack", moves=True)
def stack(b: Builder, values: Any, axis: int = 0) -> Value:
    """Lower a stack as reshapes and a concatenation."""
    axis %= len(b.shape(values[0])) + 1
    raised = []
    for value in values:
        shape = b.shape(value)
        raised.append(b.reshape(value, (*shape[:axis], 1, *shape[axis:])))
    return concat(b, raised, axis)


def cut(b: Builder, x: Value, axis: int, start: int, end: int | None, step: int, size: Dim, suffix: str = "") -> Value:
    """Append a slice of one axis, of a known size, or return x where that is all of it."""
    shape = b.shape(x)
    if shape[axis] == size and start == 0 and step == 1:
        return x
    wanted = (*shape[:axis], size, *shape[axis + 1 :])
    return b.emit("slice", (x,), wanted, {"axis": axis, "start": start, "end": end, "step": step}, suffix=suffix)


def _bound(b: Builder, value: Any, size: Any) -> int | None:
    """Return a bound as Python's slices take it: symbolic ones count from the end."""
    if value is None or (isinstance(value, int) and value > _END):
        return None
    if not isinstance(value, torch.SymInt):
        return int(value)
    distance = b.symbols.difference(value, size)
    if distance is None or distance > 0:
        raise Unsupported(f"its bound is the expression {value}", "slice at fixed positions")
    return distance or None


@lowers("slice", sizes=True, moves=True)
def slice_(b: Builder, x: Value, axis: int = 0, start: Any = None, end: Any = None, step: int = 1) -> Value:
    """Lower a slice of one axis."""
    source = b.current.all_input_nodes[0].meta["val"].shape
    axis %= len(source)
    first = _bound(b, start, source[axis]) or 0
    size = b.symbols.dim(b.current.meta["val"].shape[axis])
    return cut(b, x, axis, first, _bound(b, end, source[axis]), step, size)


@lowers("narrow", sizes=True, moves=True)
def narrow(b: Builder, x: Value, axis: int, start: int, length: int) -> Value:
    """Lower a slice given by its length."""
    if not isinstance(start, int) or not isinstance(length, int) or start < 0:
        raise Unsupported("its position is symbolic or counts from the end", "slice at fixed positions")
    return cut(b, x, axis % len(b.shape(x)), start, start + length, 1, length)


@lowers("select", sizes=True, moves=True)
def select(b: Builder, x: Value, axis: int, index: Any) -> Value:
    """Lower the choice of one index of an axis, as a slice and a reshape."""
    if not isinstance(index, int):
        raise Unsupported("its index is symbolic", "select a fixed index")
    part = cut(b, x, axis % len(b.shape(x)), index, index + 1 if index != -1 else None, 1, 1)
    return b.reshape(part, b.result_shape())


@lowers(
    "chunk",
    "split",
    "split_with_sizes",
    "tensor_split",
    "unsafe_chunk",
    "unsafe_split",
    "unbind",
    sizes=True,
    moves=True,
)
def split(b: Builder, x: Value, *rest: Any, **names: Any) -> list[Value]:
    """Lower a division of one axis into consecutive parts, as slices."""
    key = operator_key(b.current.target)
    given = rest[0] if key == "unbind" and rest else rest[1] if len(rest) > 1 else names.get("dim", 0)
    axis = int(given) % len(b.shape(x))
    parts, start = [], 0
    for part in b.current.meta["val"]:
        shape = b.symbols.shape(part.shape)
        size = 1 if key == "unbind" else shape[axis]
        if not isinstance(size, int):
            raise Unsupported(f"it splits an axis of symbolic size ({size})", "fix that size with dynamic_shapes")
        parts.append(b.reshape(cut(b, x, axis, start, start + size, 1, size), shape))
        start += size
    return parts


@lowers("channel_shuffle", "native_channel_shuffle", moves=True)
def channel_shuffle(b: Builder, x: Value, groups: int) -> Value:
    """Lower a channel shuffle."""
    return b.emit("channel_shuffle", (x,), None, {"groups": groups})
