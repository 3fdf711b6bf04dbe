"""Operators that repeat elements along axes, as far as what reads them does not do so by itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch

from octavo.graph.ir import Dim
from octavo.graph.lowering.builder import Builder
from octavo.graph.lowering.operands import Both
from octavo.graph.lowering.patterns import Line, Ramp, Split, recognize
from octavo.graph.lowering.registry import Unsupported, Value, lowers


@lowers("expand", "expand_as", "broadcast_to", sizes=True, moves=True, patterns=True)
def expand(b: Builder, x: Any, *rest: Any, **names: Any) -> Any:
    """Leave an expansion to what reads it, as far as that broadcasts."""
    shape = b.result_shape()
    if isinstance(x, Both):
        line = replace(x.pattern.line, steps=(*[0] * (len(shape) - len(x.shape)), *x.pattern.line.steps))  # type: ignore[type-var, union-attr]
        return Both(x.value, replace(x.pattern, shape=shape, line=line), shape)
    if not isinstance(x, Value):
        return x
    return Value(x.name) if b.own_shape(x) == shape else Value(x.name, shape)


@lowers("index", any_dtype=True, patterns=True)
def index(b: Builder, x: Value, places: Any) -> Value:
    """Lower an index by whole ranges, each along an axis of its own: a view with axes of size 1 between."""
    shape, own = b.result_shape(), b.shape(x)
    axes = [_whole_axis(place, size) for place, size in zip(places, own, strict=False)]
    ranges = [axis for axis in axes if axis is not None and axis != _ONLY]
    if len(axes) != len(own) or None in axes or ranges != sorted(set(ranges)):
        raise Unsupported("its indices depend on the input, or take a part of an axis", "use slices")
    wide = tuple(own[axes.index(axis)] if axis in axes else 1 for axis in range(len(shape)))
    y = b.reshape(x, wide, suffix="")
    return y if wide == shape else Value(y.name, shape)


_ONLY = -1
"""An index that takes the only element of an axis, wherever it stands."""


def _whole_axis(place: Any, size: Dim) -> int | None:
    """Return along which axis a range counts 0, 1, … to a size, or `_ONLY`; None where it is no such range."""
    if isinstance(place, torch.Tensor) and place.dtype == torch.int64:
        place = recognize(place)
    if isinstance(place, Split) and place.uniform == 0 and size == 1:
        place = Ramp(place.shape, Line(0, (0,) * len(place.shape)))
    if not isinstance(place, Ramp) or place.line.start != 0:
        return None
    axes = [axis for axis, step in enumerate(place.line.steps) if step != 0]
    if not axes and size == 1:
        return _ONLY
    if len(axes) != 1 or place.line.steps[axes[0]] != 1 or place.shape[axes[0]] != size:
        return None
    return axes[0]
