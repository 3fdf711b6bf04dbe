"""The shapes of a recurrent layer's outputs: y `[t, n, out]`, h_n `[n, out]`, c_n `[n, hidden]`.

out is hidden, or what `weight_hr` projects to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from octavo.program.errors import ShapeError
from octavo.program.shape_rules import ShapeRule
from octavo.program.types import Shape

RECURRENT = ("lstm", "gru", "rnn")


def recurrent(gates: int, states: int) -> tuple[ShapeRule, ...]:
    """Return the rules of a layer with `gates` gates: one for y, and one for each of its states at the end.

    Beside the operator's own attributes they read `has_lengths`: whether the last input is one length a row.
    """

    def sequence(inputs: Sequence[Shape], attributes: Mapping[str, Any], constants: Mapping[str, Shape]) -> Shape:
        return (*inputs[0][:2], _widths(inputs, attributes, constants, gates)[0])

    def state(index: int) -> ShapeRule:
        def rule(inputs: Sequence[Shape], attributes: Mapping[str, Any], constants: Mapping[str, Shape]) -> Shape:
            return (inputs[0][1], _widths(inputs, attributes, constants, gates)[index])

        return rule

    return (sequence, *map(state, range(states)))


def _widths(
    inputs: Sequence[Shape], attributes: Mapping[str, Any], constants: Mapping[str, Shape], gates: int
) -> tuple[int, int]:
    """Return the width of h and that of c, once everything fits together."""
    x, *states = inputs
    hidden, out = _units(constants, gates)
    taken = constants["weight_ih"][1] if "weight_ih" in constants else gates * hidden
    if len(x) != 3 or x[2] != taken:
        taker = f"weight_ih {list(constants['weight_ih'])}" if "weight_ih" in constants else "layer without weight_ih"
        raise ShapeError(f"the input's shape is {list(x)}; the {taker} takes [t, n, {taken}]")
    if attributes["has_lengths"] and (lengths := states.pop()) != x[1:2]:
        raise ShapeError(f"the lengths have shape {list(lengths)}; [n] is [{x[1]}]")
    for shape, width, name in zip(
        states, (out, hidden), ("hidden" if out == hidden else "proj", "hidden"), strict=False
    ):
        if shape != (x[1], width):
            raise ShapeError(f"a state has shape {list(shape)}; [n, {name}] is [{x[1]}, {width}]")
    return out, hidden


def _units(constants: Mapping[str, Shape], gates: int) -> tuple[int, int]:
    """Return how many units the layer has and how wide its h is."""
    out = constants["weight_hh"][1]
    projection = constants.get("weight_hr", (out, out))
    hidden = projection[1]
    if projection[0] != out:
        raise ShapeError(
            f"weight_hr has shape {list(projection)}; weight_hh {list(constants['weight_hh'])} takes {out} numbers: it"
            f" needs [{out}, hidden]"
        )
    for role, shape in constants.items():
        axis = "weight_hr" if "weight_hr" in constants else "weight_hh"
        if not role.startswith("weight_hr") and shape[0] != gates * hidden:
            raise ShapeError(
                f"{role} has shape {list(shape)}; {gates} gates of {hidden} units ({axis}'s axis 1) have"
                f" {gates * hidden} rows"
            )
    return hidden, out
