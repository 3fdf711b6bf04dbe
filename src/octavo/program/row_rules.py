"""The shapes of operators with a constant for each row, channel or element: as `octavo.program.shape_rules`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

from octavo.program.errors import ShapeError
from octavo.program.types import Shape


def prelu(inputs: Sequence[Shape], attributes: Mapping[str, Any], constants: Mapping[str, Shape]) -> Shape:
    x, slope = inputs[0], constants["slope"]
    if slope != (1,) and (len(x) < 2 or slope != (x[1],)):
        raise ShapeError(f"slope has shape {list(slope)}; [1], or one for each channel (axis 1) of {list(x)} is needed")
    return x


def layer_norm(inputs: Sequence[Shape], attributes: Mapping[str, Any], constants: Mapping[str, Shape]) -> Shape:
    x, axes = inputs[0], attributes["axes"]
    if axes > len(x):
        raise ShapeError(f"axes is {axes}; {list(x)} has {len(x)} axes")
    _line_of(constants, prod(x[-axes:]), f"the last {axes} axes of {list(x)}")
    return x


def group_norm(inputs: Sequence[Shape], attributes: Mapping[str, Any], constants: Mapping[str, Shape]) -> Shape:
    x, groups = inputs[0], attributes["groups"]
    if not 2 <= len(x) <= 5:
        raise ShapeError(f"the input's shape is {list(x)}; [n, c, ...] with 2 to 5 axes is needed")
    if x[1] % groups:
        raise ShapeError(f"the channels (axis 1) of {list(x)} do not divide into groups={groups}")
    _line_of(constants, x[1], f"the channels (axis 1) of {list(x)}")
    return x


def embedding(inputs: Sequence[Shape], attributes: Mapping[str, Any], constants: Mapping[str, Shape]) -> Shape:
    ids = inputs[0]
    if not 1 <= len(ids) <= 5:
        raise ShapeError(f"the ids' shape is {list(ids)}; 1 to 5 axes are needed")
    return (*ids, _table_width(constants))


def embedding_bag(inputs: Sequence[Shape], attributes: Mapping[str, Any], constants: Mapping[str, Shape]) -> Shape:
    ids, *more = inputs
    if len(ids) not in (1, 2):
        raise ShapeError(f"the ids' shape is {list(ids)}; [n, l], or [l] and offsets [n], is needed")
    weights = [more.pop()] if attributes["mode"] == "weighted_sum" and more else []
    if len(more) != (len(ids) == 1) or any(len(offsets) != 1 for offsets in more):
        raise ShapeError(
            f"the ids' shape is {list(ids)}, the offsets' {[list(o) for o in more]}; [n, l] has no offsets, [l] has"
            " offsets [n]"
        )
    if any(shape != ids for shape in weights):
        raise ShapeError(f"the weights' shape is {list(weights[0])}; the ids have {list(ids)}")
    return (*(more or [ids])[0][:1], _table_width(constants))


def _line_of(constants: Mapping[str, Shape], count: int, what: str) -> None:
    for role, shape in constants.items():
        if shape != (count,):
            raise ShapeError(f"{role} has shape {list(shape)}; {what} need [{count}]")


def _table_width(constants: Mapping[str, Shape]) -> int:
    rows, width = constants["weight"]
    for role, shape in constants.items():
        if role != "weight" and shape != (rows,):
            raise ShapeError(f"{role} has shape {list(shape)}; the weight has {rows} rows: [{rows}]")
    return width
