"""What an operator reads besides values, made into values: constants, patterns, masks of two parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from octavo.graph.ir import Dim, Shape
from octavo.graph.lowering.builder import INDICES, Builder
from octavo.graph.lowering.patterns import Line, Mapped, Pattern, Ramp, Split
from octavo.graph.lowering.registry import Unsupported, Value


@dataclass(frozen=True, eq=False)
class Both:
    """A mask of two parts that must both be True: one depends on the input, the other on positions alone."""

    value: Value
    pattern: Split
    shape: Shape


def value_of(b: Builder, operand: Any) -> Value:
    """Return an operand as a float32 value, or a value as it is; it broadcasts to the operand's shape."""
    if isinstance(operand, Value):
        return operand
    if isinstance(operand, Ramp):
        return _expanded(b, _ramp(b, operand.line, operand.shape), operand.shape)
    if isinstance(operand, Mapped):
        low, high = _decided(b, operand)
        numbers = operand.function(torch.arange(low, high + 1)).reshape(-1, 1).float()
        rows = b.emit(
            "embedding", (rows_of_line(b, operand),), (*operand.shape, 1), {}, {"weight": numbers}, ".numbers"
        )
        return b.reshape(rows, operand.shape, ".numbers")
    if isinstance(operand, Split):
        key = ("split", str(operand.line), str(operand.shape), str(operand.numbers.tolist()))
        return _expanded(b, b.once(key, lambda: _split(b, operand)), operand.shape)
    if isinstance(operand, Both):
        pattern = value_of(b, operand.pattern)
        return b.emit("mul", (Value(operand.value.name), Value(pattern.name)), operand.shape, suffix=".both")
    if isinstance(operand, (int, float)):
        operand = torch.tensor([float(operand)])
    if not isinstance(operand, torch.Tensor):
        raise Unsupported(f"one of its operands is a {type(operand).__name__}")
    return constant(b, operand)


def constant(b: Builder, tensor: torch.Tensor) -> Value:
    """Append a constant, float32; True is 1."""
    tensor = tensor.detach().to(torch.float32)
    tensor = tensor.reshape(1) if tensor.dim() == 0 else tensor
    return b.emit("constant", (), tuple(tensor.shape), {}, {"value": tensor}, ".constant")


def is_uniform(operand: Any) -> bool:
    """Tell whether an operand is a pattern that holds one number."""
    return isinstance(operand, Split) and operand.line is None


def indices_of(b: Builder, ramp: Ramp) -> Value:
    """Return a range along one axis as int64, of its own shape."""
    axes = [axis for axis, size in enumerate(ramp.shape) if size != 1]
    if len(axes) > 1 or not all(isinstance(n, int) for n in (ramp.line.start, *ramp.line.steps)):
        raise Unsupported("its ids are positions along several axes", "look the rows up along one axis")
    start = int(ramp.line.start)
    size, step = (ramp.shape[axes[0]], int(ramp.line.steps[axes[0]])) if axes else (1, 0)
    return b.reshape(b.integers(size, start, step), ramp.shape, ".positions")


def table_of(b: Builder, x: Mapped, weight: torch.Tensor) -> torch.Tensor:
    """Return the rows of a table that a function of positions names, a row for each value that `rows_of_line` gives."""
    low, high = _decided(b, x)
    return weight[x.function(torch.arange(low, high + 1))]


def rows_of_line(b: Builder, x: Mapped) -> Value:
    """Return where each element's value of the line lies among those that decide: from 0, int64 of its shape."""
    low, high = _decided(b, x)
    key = ("line", str(x.line), str(x.shape), str((low, high)))

    def make() -> Value:
        line = _ramp(b, x.line.moved(-low), x.shape)
        shape = b.own_shape(line)
        bounded = b.emit("clamp", (line,), shape, {"min": 0.0, "max": float(high - low)}, suffix=".bounded")
        made = b.emit("truncate", (bounded,), shape, suffix=".ids")
        b.fixed[made.name] = INDICES
        return made

    return b.dense(_expanded(b, b.once(key, make), x.shape))


# How far a function of positions is looked at: beyond the last quarter it has to stay the same.
_FARTHEST = 2**14


def _decided(b: Builder, x: Mapped) -> tuple[int, int]:
    """Return the least and the greatest value of a line that its function tells apart from those beyond."""
    values = x.function(torch.arange(-_FARTHEST, _FARTHEST + 1)).double()
    changes = (values[1:] != values[:-1]).nonzero().flatten()
    low, high = (int(changes[0]), int(changes[-1]) + 1) if len(changes) else (_FARTHEST, _FARTHEST)
    if min(low, 2 * _FARTHEST - high) < _FARTHEST // 4:
        raise Unsupported(
            "it computes integers of positions that grow without limit",
            "clamp them, or fix the size with dynamic_shapes",
        )
    return low - _FARTHEST, high - _FARTHEST


def rows_of(b: Builder, table: torch.Tensor, arguments: Sequence[Any]) -> Value:
    """Take a part of symbolic size of a constant along one axis: the rows of a table.

    Args:
        b: has the slice as its current operator.
        table: float32.
        arguments: of `slice`: the constant, axis, start, end, step.
    """
    axis, start = (arguments[1] if len(arguments) > 1 else 0), (arguments[2] if len(arguments) > 2 else 0) or 0
    step = arguments[4] if len(arguments) > 4 else 1
    axis %= table.dim()
    if table.dtype != torch.float32 or not isinstance(start, int) or start < 0:
        raise Unsupported(
            "it takes a part of symbolic size of a constant that is not float32, or from a symbolic position on",
            "fix the size with dynamic_shapes",
        )
    shape = b.result_shape()
    moved = table.movedim(axis, 0)
    ids = b.integers(shape[axis], start, step)
    b.symbols.limit(shape[axis], (table.shape[axis] - 1 - start) // step + 1)
    flat = moved.reshape(moved.shape[0], -1).contiguous()
    rows = b.emit("embedding", (ids,), (shape[axis], flat.shape[1]), {}, {"weight": flat}, ".rows")
    others = [size for i, size in enumerate(shape) if i != axis]
    rows = b.reshape(rows, (shape[axis], *others), ".rows")
    order = [*range(1, axis + 1), 0, *range(axis + 1, table.dim())]
    return rows if axis == 0 else b.emit("permute", (rows,), shape, {"dims": order}, suffix=".rows")


def _expanded(b: Builder, x: Value, shape: Shape) -> Value:
    return x if b.own_shape(x) == shape else Value(x.name, shape)


def _ramp(b: Builder, line: Line, shape: Shape) -> Value:
    """Return a line as float32, with size 1 along the axes where it does not change."""
    rank = len(shape)
    parts = []
    for axis, (size, step) in enumerate(zip(shape, line.steps, strict=True)):
        if step != 0:
            parts.append(_positions(b, size, int(line.start) if not parts else 0, int(step), rank - axis - 1))
    if not parts:
        return constant(b, torch.full((1,) * rank, float(line.start)))
    total = parts[0]
    for part in parts[1:]:
        wide, narrow = b.own_shape(total), b.own_shape(part)
        aligned = (*[1] * (len(wide) - len(narrow)), *narrow)
        joined = tuple(w if n == 1 else n for w, n in zip(wide, aligned, strict=True))
        total = b.emit("add", (total, part), joined, suffix=".positions")
    return b.reshape(total, (*[1] * (rank - len(b.own_shape(total))), *b.own_shape(total)), ".positions")


def _positions(b: Builder, size: Dim, start: int, step: int, behind: int) -> Value:
    def make() -> Value:
        numbers = b.integers(size, start, step)
        return b.emit("cast", (numbers,), (size,), {"function": "value"}, suffix=".positions")

    real = b.once(("positions", str(size), str(start), str(step)), make)
    return b.reshape(real, (size, *[1] * behind), ".positions")


def _split(b: Builder, x: Pattern) -> Value:
    """Return two numbers cut by a line: `clamp(line + 1, 0, 1)` is 1 where the line is not negative, else 0."""
    assert isinstance(x, Split)
    if x.line is None:
        number = float(x.uniform or 0)
        return constant(b, torch.full((1,) * len(x.shape), number))
    ramp = _ramp(b, x.line.moved(1), x.shape)
    side = b.emit("clamp", (ramp,), b.own_shape(ramp), {"min": 0.0, "max": 1.0}, suffix=".side")
    inside, outside = (float(n) for n in x.numbers)
    if (inside, outside) == (1.0, 0.0):
        return side
    if outside == -torch.inf:
        return shifted(b, b.emit("function", (side,), b.own_shape(side), {"function": "log"}, suffix=".log"), inside)
    if inside == -torch.inf:
        other = _line(b, side, -1.0, 1.0)
        return shifted(b, b.emit("function", (other,), b.own_shape(side), {"function": "log"}, suffix=".log"), outside)
    return _line(b, side, inside - outside, outside)


def shifted(b: Builder, x: Value, term: float) -> Value:
    """Append `x + term`, or return x where the term is 0."""
    return x if term == 0 else _line(b, x, 1.0, term)


def _line(b: Builder, x: Value, scale: float, shift: float) -> Value:
    ones = (1,) * max(1, len(b.own_shape(x)))
    constants = {"scale": torch.full(ones, scale).double(), "shift": torch.full(ones, shift).double()}
    return b.elementwise("affine", x, {}, constants, ".line")
