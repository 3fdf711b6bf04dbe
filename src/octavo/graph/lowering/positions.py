"""Differences, sums and choices of positions: how models find where a packed sequence starts anew, and none does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch

from octavo.graph.ir import Shape
from octavo.graph.lowering.patterns import Line, Pattern, Ramp, Split, fill, recognize, whole
from octavo.graph.lowering.registry import Unsupported

_REMEDY = "pass what it finds as an input of the model, or fix the size with dynamic_shapes"


def difference(x: Pattern, shape: Shape, arguments: Sequence[Any]) -> Split:
    """Follow `diff(x, 1, axis, prepend)`, where it is one number everywhere.

    Args:
        x: positions.
        shape: of the result.
        arguments: of the operator.
    """
    _, order, axis, first, last = (*arguments, *(1, -1, None, None)[len(arguments) - 1 :])
    line = _line(x)
    axis = int(axis or 0) % len(x.shape)
    step = whole(line.steps[axis]) if line.steps else 0
    if order != 1 or last is not None:
        raise Unsupported("it takes differences of a higher order, or with what is appended", _REMEDY)
    if first is not None:
        start, before = (
            Line(of.start, tuple(0 if i == axis else n for i, n in enumerate(of.steps))) for of in (line, _line(first))
        )
        rise = start.plus(before.moved(0, -1))
        if rise != Line(step, tuple(0 for _ in rise.steps)):
            raise Unsupported("its differences are more than one number", _REMEDY)
    return fill(shape, step, torch.int64)


def summed(x: Pattern, shape: Shape) -> Split:
    """Follow `cumsum` of zeros."""
    if not isinstance(x, Split) or x.uniform is None or x.uniform != 0:
        raise Unsupported("it adds up positions", _REMEDY)
    return fill(shape, 0, torch.int64)


def chosen(x: Pattern, shape: Shape, places: Sequence[Any]) -> Pattern:
    """Follow `x[places]`, positions chosen by positions.

    Args:
        x: what is chosen from.
        shape: of the result.
        places: indices along the first axes of x.
    """
    if isinstance(x, Split) and x.line is None:
        return replace(x, shape=shape)
    if isinstance(x, Split) or len(places) != len(x.shape):
        raise Unsupported("it chooses among positions along some of their axes", _REMEDY)
    line = Line(x.line.start, (0,) * len(shape))
    for step, place in zip(x.line.steps, places, strict=True):
        line = line.plus(_line(place).moved(0, whole(step))) if step != 0 else line
    return Ramp(shape, line)


def _line(positions: Any) -> Line:
    """Return the line that integers follow."""
    if isinstance(positions, torch.Tensor):
        positions = recognize(positions)
    if isinstance(positions, Ramp):
        return positions.line
    if isinstance(positions, Split) and isinstance(positions.uniform, int):
        return Line(int(positions.uniform), (0,) * len(positions.shape))
    raise Unsupported("it reads integers that follow no line", _REMEDY)
