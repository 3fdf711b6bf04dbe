"""Recurrent layers among other operators: both directions joined, views as inputs, states handed on."""

from __future__ import annotations

import numpy as np
import pytest
from engines import assert_engines_equal_reference
from recurrent_cases import KINDS, recurrent_weights

from octavo.program import Input, Operator, Program, Symbol, Value, reference
from octavo.runtime import LoadedProgram

FLOAT = Value("float32")
INPUTS, HIDDEN = 9, 36


def _layer(kind: str, name: str, inputs: tuple[str, ...], reverse: bool) -> Operator:
    states = KINDS[kind].states
    roles = recurrent_weights(np.random.default_rng(0), kind, 1, 1)
    attributes = {"reverse": reverse} | ({"nonlinearity": "relu"} if kind == "rnn" else {})
    outputs = (f"{name}.y", *(f"{name}.{state}" for state in states))
    return Operator(kind, name, inputs, outputs, attributes, {role: f"{name}.{role}" for role in roles})


def _program(kind: str) -> Program:
    """Return a layer in both directions on a view of the input, their y joined, and one more on top."""
    rng = np.random.default_rng(0)
    first, *more = KINDS[kind].states
    operators = (
        Operator("permute", "time-first", ("x",), ("turned",), {"dims": (1, 0, 2)}),
        Operator("slice", "skip", ("turned",), ("part",), {"axis": 2, "start": 1, "end": None, "step": 1}),
        _layer(kind, "forward", ("part",), reverse=False),
        _layer(kind, "backward", ("part",), reverse=True),
        Operator("concat", "both", ("forward.y", "backward.y"), ("joined",), {"axis": 2}),
        _layer(kind, "top", ("joined", *(f"backward.{state}" for state in (first, *more))), reverse=False),
        Operator("add", "sum", (f"forward.{first}", f"top.{first}"), ("state",)),
        Operator("concat", "states", ("state", f"top.{first}"), ("states",), {"axis": 0}),
    )
    constants = {
        f"{name}.{role}": array
        for name, inputs in (("forward", INPUTS), ("backward", INPUTS), ("top", 2 * HIDDEN))
        for role, array in recurrent_weights(rng, kind, inputs, HIDDEN).items()
    }
    names = ("x", *(name for operator in operators for name in operator.outputs))
    outputs = ("top.y", "states", "joined", *(f"top.{state}" for state in more), f"backward.{first}")
    return Program(
        (Input("x", "float32", ("batch", "time", INPUTS + 1)),),
        outputs,
        dict.fromkeys(names, FLOAT),
        operators,
        constants,
        {"batch": Symbol(example=2), "time": Symbol(example=3)},
        list(range(len(outputs))),
    )


@pytest.mark.parametrize("kind", KINDS)
def test_engine_equals_reference(kind):
    rng = np.random.default_rng(1)
    sizes = ((2, 5), (1, 1), (17, 3), (1, 80), (2, 5))
    samples = ([rng.normal(0, 1, (*size, INPUTS + 1)).astype(np.float32)] for size in sizes)
    assert_engines_equal_reference(_program(kind), samples)


@pytest.mark.parametrize("kind", KINDS)
def test_unread_outputs(kind):
    """Of several outputs only the last is read."""
    program = _program(kind)
    layer = _layer(kind, "forward", ("x",), reverse=False)
    constants = recurrent_weights(np.random.default_rng(2), kind, INPUTS + 1, HIDDEN)
    program = Program(
        program.inputs,
        layer.outputs[-1:],
        dict.fromkeys(("x", *layer.outputs), FLOAT),
        (layer,),
        {f"forward.{role}": array for role, array in constants.items()},
        program.symbols,
    )
    x = np.random.default_rng(3).normal(0, 1, (4, 6, INPUTS + 1)).astype(np.float32)
    np.testing.assert_array_equal(LoadedProgram(program)(x), reference.run(program, [x])[0], strict=True)
