"""Compute with tensors that depend on sizes alone, before any of them is needed as a value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import fx
from torch.fx.node import map_aggregate

from octavo.graph.ir import Dim, Shape
from octavo.graph.lowering import positions
from octavo.graph.lowering.builder import Builder
from octavo.graph.lowering.operands import Both, constant, rows_of
from octavo.graph.lowering.patterns import Line, Mapped, Pattern, Ramp, Split, apply, compare, fill, recognize, whole
from octavo.graph.lowering.registry import Unsupported, Value, operator_key

_FILLS = {"zeros": 0, "new_zeros": 0, "zeros_like": 0, "ones": 1, "new_ones": 1, "ones_like": 1}
_GIVEN = frozenset({"full", "full_like", "new_full", "scalar_tensor"})
_SAME_ORDER = frozenset({"unsqueeze", "squeeze", "view", "reshape", "_unsafe_view", "flatten", "unflatten", "view_as"})
_WIDER = frozenset({"expand", "expand_as", "broadcast_to"})
_ALIKE = frozenset({"contiguous", "clone", "detach", "alias", "lift_fresh", "identity"})
_CASTS = frozenset({"to", "_to_copy", "float", "long", "bool", "type_as"})
_ELEMENTWISE = frozenset({
    "add", "sub", "rsub", "mul", "div", "neg", "eq", "ne", "lt", "le", "gt", "ge", "logical_and", "logical_or",
    "logical_not", "logical_xor", "bitwise_and", "bitwise_or", "bitwise_not", "bitwise_xor", "__and__", "__or__",
    "__xor__", "where", "masked_fill", "log", "exp", "clamp", "clamp_min", "clamp_max",
})  # fmt: skip
_COMPARES = frozenset({"ge", "gt", "le", "lt", "eq", "ne"})
_OF_POSITIONS: dict[str, Callable[[Pattern, Shape, Any], Pattern]] = {
    "diff": positions.difference,
    "cumsum": lambda x, shape, _: positions.summed(x, shape),
    "index": lambda x, shape, arguments: positions.chosen(x, shape, arguments[1]),
}


def is_fill(node: fx.Node) -> bool:
    """Tell whether an operator makes a tensor that holds one number."""
    return operator_key(node.target) in _FILLS or operator_key(node.target) in _GIVEN


def fold(b: Builder, node: fx.Node, arguments: Sequence[Any], keywords: dict[str, Any]) -> Any:
    """Compute an operator whose operands are constants, symbolic sizes and patterns.

    Raises:
        Unsupported: the result follows no pattern.
    """
    key, made = operator_key(node.target), node.meta["val"]
    if not isinstance(made, torch.Tensor):
        raise Unsupported("it makes several tensors whose sizes are symbolic", "fix the sizes with dynamic_shapes")
    shape = b.symbols.shape(made.shape)
    if is_fill(node):
        return _filled(key, shape, made.dtype, arguments, keywords)
    if key == "arange":
        start, _, *step = arguments if len(arguments) > 1 else (0, *arguments)
        return Ramp(shape, Line(b.symbols.dim(start), (b.symbols.dim(step[0]) if step else 1,)))
    first = arguments[0]
    if isinstance(first, torch.Tensor) and key in ("slice", "narrow"):
        pattern = recognize(first)
        if pattern is None:
            return rows_of(b, first, arguments)
        first = pattern
    if isinstance(first, torch.Tensor) and key in _WIDER and made.dtype == torch.float32:
        return Value(constant(b, first).name, shape)
    if isinstance(first, torch.Tensor) and (key in _WIDER or key == "gather"):
        first = recognize(first if first.dim() else first.reshape(1))
    if key == "gather" and isinstance(first, Split) and first.line is None:
        return replace(first, shape=shape)
    if isinstance(first, Ramp | Split) and key in _OF_POSITIONS:
        return _OF_POSITIONS[key](first, shape, arguments)
    if key in _ALIKE or (isinstance(first, Both) and key in _WIDER and first.shape == shape):
        return first
    if isinstance(first, Ramp | Split) and key in ("tril", "triu"):
        return _triangle(first, shape, key, int(arguments[1]) if len(arguments) > 1 else 0)
    if isinstance(first, Ramp | Split) and key in _CASTS:
        return first if isinstance(first, Ramp) else replace(first, numbers=first.numbers.to(made.dtype))
    if isinstance(first, Ramp | Split | Mapped) and (moved := _moved(b, key, first, shape, arguments)) is not None:
        return moved
    if key in _ELEMENTWISE:
        return _elementwise(node, key, shape, arguments, keywords)
    raise Unsupported("it computes with a tensor whose size is symbolic", "fix the size with dynamic_shapes")


def _filled(key: str, shape: Shape, dtype: torch.dtype, arguments: Sequence[Any], keywords: dict[str, Any]) -> Any:
    if key in _FILLS:
        number: Any = _FILLS[key]
    else:
        number = keywords.get("fill_value", arguments[0 if key == "scalar_tensor" else 1] if arguments else None)
    if not isinstance(number, (int, float, bool)):
        raise Unsupported(f"it fills a tensor with {number}", "fix the size with dynamic_shapes")
    if all(isinstance(dim, int) for dim in shape):
        return torch.full([int(dim) for dim in shape], number, dtype=dtype)
    return fill(shape, number, dtype)


def _triangle(x: Pattern, shape: Shape, key: str, diagonal: int) -> Split:
    """Keep one number below (`tril`) or above (`triu`) a diagonal, with 0 elsewhere."""
    number = x.uniform if isinstance(x, Split) else None
    if number is None or not isinstance(x, Split):
        raise Unsupported("it takes a triangle of a tensor of several numbers", "take it of ones")
    offset = diagonal if key == "tril" else diagonal - 1
    line = Line(offset, (*[0] * (len(shape) - 2), 1, -1))
    numbers = torch.tensor([number, 0] if key == "tril" else [0, number]).to(x.numbers.dtype)
    return Split(shape, line, numbers)


def _moved(b: Builder, key: str, x: Pattern, shape: Shape, arguments: Sequence[Any]) -> Pattern | None:
    """Follow operators that move elements, or take some of them."""
    line = x.line
    if line is None:
        known = key in _SAME_ORDER | _WIDER | {"permute", "transpose", "t", "slice", "narrow", "select"}
        return replace(x, shape=shape) if known else None
    rank = len(x.shape)
    if key in _SAME_ORDER:
        steps = _same_order(x.shape, line.steps, shape)
    elif key in _WIDER:
        steps = (*[0] * (len(shape) - rank), *line.steps)
    elif key in ("transpose", "swapaxes", "t"):
        order = list(range(rank))
        i, j = (0, 1) if key == "t" else arguments[1:3]
        order[i], order[j] = order[j], order[i]
        steps = tuple(line.steps[axis] for axis in order)
    elif key == "permute":
        steps = tuple(line.steps[axis] for axis in arguments[1])
    elif key in ("slice", "narrow", "select"):
        return _part(b, key, x, shape, arguments)
    else:
        return None
    return replace(x, shape=shape, line=replace(line, steps=steps))


def _part(b: Builder, key: str, x: Pattern, shape: Shape, arguments: Sequence[Any]) -> Pattern:
    """Follow a slice, or the choice of one index."""
    assert x.line is not None
    axis = (arguments[1] if len(arguments) > 1 else 0) % len(x.shape)
    start = b.symbols.dim((arguments[2] if len(arguments) > 2 else 0) or 0)
    step = arguments[4] if key == "slice" and len(arguments) > 4 else 1
    if not isinstance(start, int) or start < 0:
        raise Unsupported("it takes a part of a range that starts at a symbolic position", "start at a fixed position")
    steps = list(x.line.steps)
    line = x.line.plus(Line(start, ()).moved(0, whole(steps[axis]))) if start else x.line
    if key == "select":
        del steps[axis]
    elif step != 1:
        steps[axis] = whole(steps[axis]) * step
    return replace(x, shape=shape, line=replace(line, steps=tuple(steps)))


def _same_order(source: Shape, steps: Sequence[Dim], shape: Shape) -> tuple[Dim, ...]:
    """Carry the steps of axes over to a shape that differs in axes of size 1 alone."""
    wide = [(size, step) for size, step in zip(source, steps, strict=True) if size != 1]
    if [size for size, _ in wide] != [size for size in shape if size != 1]:
        raise Unsupported(f"it views a range of shape {list(source)} as {list(shape)}", "keep its axes apart")
    rest = iter(wide)
    return tuple(0 if size == 1 else next(rest)[1] for size in shape)


def _elementwise(node: fx.Node, key: str, shape: Shape, arguments: Any, keywords: Any) -> Pattern:
    operands = [a for a in arguments if isinstance(a, (Ramp, Split, torch.Tensor, int, float))]
    if any(isinstance(a, Ramp) for a in operands) and key != "masked_fill":
        lines = [_line(a) for a in operands[:2]]
        if key in ("add", "sub", "rsub") and len(lines) == 2 and keywords.get("alpha", 1) == 1:
            first, second = reversed(lines) if key == "rsub" else lines
            return Ramp(shape, first.plus(second.moved(0, 1 if key == "add" else -1)))
        if key == "neg":
            return Ramp(shape, lines[0].moved(0, -1))
        if key == "mul" and any(not any(line.steps) for line in lines):
            factor, line = sorted(lines, key=lambda line: any(line.steps))
            return Ramp(shape, line.moved(0, int(factor.start)))
        if key in _COMPARES:
            return compare(shape, key, lines[0].plus(lines[1].moved(0, -1)))
        raise Unsupported("it computes with the elements of a range whose size is symbolic")
    if any(isinstance(a, torch.Tensor) and a.numel() > 1 for a in operands):
        raise Unsupported("it combines a constant with a tensor whose size is symbolic", "fix the size")
    splits: list[Split] = []
    map_aggregate((arguments, keywords), lambda a: splits.append(a) if isinstance(a, Split) else None)

    def function(*numbers: torch.Tensor) -> torch.Tensor:
        given = iter(numbers)
        plain = map_aggregate((arguments, keywords), lambda a: next(given) if isinstance(a, Split) else a)
        return node.target(*plain[0], **plain[1]).reshape(-1).expand(2)  # type: ignore[operator, index, misc]

    return apply(function, shape, splits)


def _line(operand: Any) -> Line:
    if isinstance(operand, Ramp):
        return operand.line
    number = operand.uniform if isinstance(operand, Split) else operand
    if isinstance(number, torch.Tensor) and number.numel() == 1:
        number = number.item()
    if isinstance(number, bool) or not isinstance(number, int):
        raise Unsupported("it combines a range with a number that is no integer", "fix the size with dynamic_shapes")
    return Line(number, ())
