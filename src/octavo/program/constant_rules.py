"""The shapes of operators that read no elements of other values: as `octavo.program.shape_rules`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from octavo.program.shape_rules import axis_of
from octavo.program.types import Shape


def constant(inputs: Sequence[Shape], attributes: Mapping[str, Any], constants: Mapping[str, Shape]) -> Shape:
    return constants["value"]


def range_(inputs: Sequence[Shape], attributes: Mapping[str, Any], constants: Mapping[str, Shape]) -> Shape:
    return (inputs[0][axis_of(inputs[0], attributes["axis"])],)
