"""The shapes of a recurrent layer's outputs: y `[t, n, hidden]`, and every state `[n, hidden]`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from octavo.program.errors import ShapeError
from octavo.program.shape_rules import ShapeRule
from octavo.program.types import Shape


def recurrent(gates: int, states: int) -> tuple[ShapeRule, ...]:
    """Return the rules of a layer with `gates` gates: one for y, and one for each of its states at the end."""

    def sequence(inputs: Sequence[Shape], attributes: Mapping[str, Any], constants: Mapping[str, Shape]) -> Shape:
        return (*inputs[0][:2], _hidden(inputs, constants, gates))

    def state(inputs: Sequence[Shape], attributes: Mapping[str, Any], constants: Mapping[str, Shape]) -> Shape:
        return (inputs[0][1], _hidden(inputs, constants, gates))

    return (sequence, *[state] * states)


def _hidden(inputs: Sequence[Shape], constants: Mapping[str, Shape], gates: int) -> int:
    """Return how many units the layer has, once everything fits together."""
    x, hidden = inputs[0], constants["weight_hh"][1]
    taken = constants["weight_ih"][1]
    if len(x) != 3 or x[2] != taken:
        raise ShapeError(f"the input's shape is {list(x)}; the weight_ih {list(constants['weight_ih'])} takes "
                         f"[t, n, {taken}]")  # fmt: skip
    for role, shape in constants.items():
        if shape[0] != gates * hidden:
            raise ShapeError(
                f"{role} has shape {list(shape)}; {gates} gates of {hidden} units (weight_hh's axis 1) have"
                f" {gates * hidden} rows"
            )
    for shape in inputs[1:]:
        if shape != (x[1], hidden):
            raise ShapeError(f"a state has shape {list(shape)}; [n, hidden] is [{x[1]}, {hidden}]")
    return hidden
