"""The shapes of operators that move elements: as `octavo.program.shape_rules`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

from octavo.program.errors import ShapeError
from octavo.program.shape_rules import axis_of
from octavo.program.types import Shape


def concat(inputs: Sequence[Shape], attributes: Mapping[str, Any], constants: Mapping[str, Shape]) -> Shape:
    first, axis = inputs[0], axis_of(inputs[0], attributes["axis"])
    for shape in inputs[1:]:
        if len(shape) != len(first) or any(
            m != n for i, (m, n) in enumerate(zip(shape, first, strict=True)) if i != axis
        ):
            raise ShapeError(f"an input of {list(shape)} does not join one of {list(first)} along axis {axis}")
    return (*first[:axis], sum(shape[axis] for shape in inputs), *first[axis + 1 :])


def reshape(inputs: Sequence[Shape], attributes: Mapping[str, Any], constants: Mapping[str, Shape]) -> Shape:
    count, wanted = prod(inputs[0]), attributes["shape"]
    known = prod(size for size in wanted if size != -1)
    free = wanted.count(-1)
    if free > 1 or (known != count and not (free and known and count % known == 0)):
        raise ShapeError(f"{list(inputs[0])} ({count} elements) cannot be reshaped to {list(wanted)}")
    return tuple(count // known if size == -1 else size for size in wanted)


def permute(inputs: Sequence[Shape], attributes: Mapping[str, Any], constants: Mapping[str, Shape]) -> Shape:
    x, dims = inputs[0], attributes["dims"]
    if sorted(dims) != list(range(len(x))):
        raise ShapeError(f"dims are {list(dims)}; each axis of {list(x)} must appear once")
    return tuple(x[i] for i in dims)


def slice_range(size: int, attributes: Mapping[str, Any]) -> range:
    """Return the indices that `slice` takes from an axis of `size` elements: Python's `range(size)[start:end:step]`."""
    return range(size)[attributes["start"] : attributes["end"] : attributes["step"]]


def slice_(inputs: Sequence[Shape], attributes: Mapping[str, Any], constants: Mapping[str, Shape]) -> Shape:
    x, axis = inputs[0], axis_of(inputs[0], attributes["axis"])
    taken = len(slice_range(x[axis], attributes))
    if not taken:
        start, end, step = (attributes[key] for key in ("start", "end", "step"))
        raise ShapeError(f"[{start}:{end}:{step}] takes nothing from axis {axis} of {list(x)}")
    return (*x[:axis], taken, *x[axis + 1 :])


def pad(inputs: Sequence[Shape], attributes: Mapping[str, Any], constants: Mapping[str, Shape]) -> Shape:
    x, padding = inputs[0], attributes["padding"]
    if len(padding) != len(x):
        raise ShapeError(f"padding has {len(padding)} entries; {list(x)} has {len(x)} axes")
    return tuple(n + before + after for n, (before, after) in zip(x, padding, strict=True))


def channel_shuffle(inputs: Sequence[Shape], attributes: Mapping[str, Any], constants: Mapping[str, Shape]) -> Shape:
    x, groups = inputs[0], attributes["groups"]
    if len(x) < 3:
        raise ShapeError(f"the input's shape is {list(x)}; [n, c, ...] with at least one spatial axis is needed")
    if x[1] % groups:
        raise ShapeError(f"the channels (axis 1) of {list(x)} do not divide into groups={groups}")
    return x


def take(inputs: Sequence[Shape], attributes: Mapping[str, Any], constants: Mapping[str, Shape]) -> Shape:
    (x, indices), axis = inputs, axis_of(inputs[0], attributes["axis"])
    if not indices:
        raise ShapeError("the indices are a scalar; at least 1 axis is needed: reshape them to [1]")
    return (*x[:axis], *indices, *x[axis + 1 :])


def gather(inputs: Sequence[Shape], attributes: Mapping[str, Any], constants: Mapping[str, Shape]) -> Shape:
    (x, indices), axis = inputs, axis_of(inputs[0], attributes["axis"])
    if len(indices) != len(x) or any(n > m for i, (n, m) in enumerate(zip(indices, x, strict=True)) if i != axis):
        raise ShapeError(
            f"the indices' shape is {list(indices)}; {len(x)} axes, none but axis {axis} longer than that of {list(x)},"
            " are needed"
        )
    return indices
