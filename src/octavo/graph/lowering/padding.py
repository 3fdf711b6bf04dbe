"""Padding: with zeros, or with the values that a tensor has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from octavo.graph.ir import Dim
from octavo.graph.lowering.builder import Builder
from octavo.graph.lowering.registry import Unsupported, Value, lowers
from octavo.graph.lowering.shape import cut

Edges = tuple[Sequence[tuple[int, int | None]], Sequence[tuple[int, int | None]]]
"""What stands before and after the values of an axis: slices of it, in order."""


@lowers("pad", "constant_pad_nd", sizes=True, moves=True)
def pad(b: Builder, x: Value, pads: Any, mode: Any = "constant", value: Any = None) -> Value:
    """Lower padding; PyTorch lists the last axis first."""
    if isinstance(mode, (int, float)):
        mode, value = "constant", mode
    padding = _widths(b, x, pads)
    if not any(map(any, padding)):
        return x
    if mode in _EDGES:
        return _by_values(b, x, padding, _EDGES[mode])
    zero = b.fixed[x.name].zero_point if x.name in b.fixed else 0
    if mode != "constant" or (0 if value is None else value) != zero:
        raise Unsupported(f"it pads with mode '{mode}' and value {value}", "pad with zeros")
    return b.emit("pad", (x,), None, {"padding": padding})


def _widths(b: Builder, x: Value, pads: Any) -> list[list[int]]:
    if not all(isinstance(p, int) for p in pads):
        raise Unsupported("its widths are symbolic", "pad by fixed widths")
    padding = [[0, 0] for _ in b.shape(x)]
    for index in range(len(pads) // 2):
        padding[-1 - index] = [pads[2 * index], pads[2 * index + 1]]
    if any(p < 0 for pair in padding for p in pair):
        raise Unsupported("a width is negative", "slice instead")
    return padding


def _by_values(b: Builder, x: Value, padding: list[list[int]], edges: Callable[[int, int], Edges]) -> Value:
    """Join slices of each padded axis: the values themselves in the middle."""
    result = b.result_shape()
    for axis, (before, after) in enumerate(padding):
        if not before and not after:
            continue
        left, right = edges(before, after)
        shape = b.shape(x)
        parts = [[_part(b, x, axis, *ends) for ends in side] for side in (left, right)]
        wide = (*shape[:axis], result[axis], *shape[axis + 1 :])
        x = b.emit("concat", (*parts[0], x, *parts[1]), wide, {"axis": axis}, suffix=".pad")
    return x


def _part(b: Builder, x: Value, axis: int, start: int, end: int | None) -> Value:
    size: Dim = (0 if end is None else end) - start
    return cut(b, x, axis, start, end, 1, size, ".pad")


def _reflect(before: int, after: int) -> Edges:
    right = [(-2 - i, -1 - i) for i in range(after)]
    return [(i, i + 1) for i in range(before, 0, -1)], right


def _replicate(before: int, after: int) -> Edges:
    return [(0, 1)] * before, [(-1, None)] * after


def _circular(before: int, after: int) -> Edges:
    return [(-before, None)] * bool(before), [(0, after)] * bool(after)


_EDGES = {"reflect": _reflect, "replicate": _replicate, "circular": _circular}
