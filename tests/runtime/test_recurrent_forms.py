"""Recurrent layers in 8 bits among others, and lengths that are none: the engine says what the reference says."""

from dataclasses import replace

import numpy as np
import pytest
from builders import FLOAT, quantized
from engines import assert_engines_equal_reference
from recurrent_cases import FORMS, KINDS, LENGTHS, recurrent, recurrent_weights

from octavo import _core
from octavo.program import Input, Operator, Program, Symbol, reference
from octavo.runtime import LoadedProgram

INPUTS, HIDDEN = 9, 36
X, Y = quantized("uint8", 0.031, 121), quantized("int8", 0.0079, 120)


def _layer(kind: str, name: str, inputs: tuple[str, ...], reverse: bool, roles: tuple[str, ...]) -> Operator:
    attributes = {"reverse": reverse} | ({"nonlinearity": "relu"} if kind == "rnn" else {})
    outputs = (f"{name}.y", *(f"{name}.{state}" for state in KINDS[kind].states))
    return Operator(kind, name, inputs, outputs, attributes, {role: f"{name}.{role}" for role in roles})


def _program(kind: str) -> Program:
    """Return a layer in both directions on a view of an 8-bit input, their y joined, and one on top that goes on."""
    rng, states = np.random.default_rng(0), KINDS[kind].states
    weights = {
        name: recurrent_weights(rng, kind, inputs, HIDDEN)
        for name, inputs in (("forward", INPUTS), ("backward", INPUTS), ("top", 2 * HIDDEN))
    }
    roles = tuple(weights["top"])
    handed = tuple(f"backward.{state}" for state in states)
    operators = (
        Operator("quantize", "to 8 bits", ("x",), ("q",)),
        Operator("permute", "time-first", ("q",), ("turned",), {"dims": (1, 0, 2)}),
        Operator("slice", "skip", ("turned",), ("part",), {"axis": 2, "start": 1, "end": None, "step": 1}),
        _layer(kind, "forward", ("part", "lengths"), False, roles),
        _layer(kind, "backward", ("part", "lengths"), True, roles),
        Operator("concat", "both", ("forward.y", "backward.y"), ("joined",), {"axis": 2}),
        _layer(kind, "top", ("joined", *handed, "lengths"), False, roles),
    )
    named = [name for operator in operators for name in operator.outputs]
    types = {name: FLOAT if name.endswith("c_n") else X if name in ("q", "turned", "part") else Y for name in named}
    outputs = ("top.y", "joined", *(f"{name}.{state}" for name in ("top", "forward") for state in states))
    return Program(
        (Input("x", "float32", ("batch", "time", INPUTS + 1)), Input("lengths", "int64", ("batch",))),
        outputs,
        {"x": FLOAT, "lengths": LENGTHS, **types},
        operators,
        {f"{name}.{role}": array for name, roles_ in weights.items() for role, array in roles_.items()},
        {"batch": Symbol(example=2), "time": Symbol(example=3)},
        list(range(len(outputs))),
    )


@pytest.mark.parametrize("kind", KINDS)
def test_engine_equals_reference(kind):
    rng = np.random.default_rng(1)

    def sample(batch, time):
        x = rng.normal(0, 1, (batch, time, INPUTS + 1)).astype(np.float32)
        return x, rng.integers(1, time, batch, endpoint=True)

    sizes = ((2, 5), (1, 1), (17, 3), (3, 40), (2, 5))
    assert_engines_equal_reference(_program(kind), (sample(*size) for size in sizes))


@pytest.mark.parametrize("form", FORMS)
def test_unread_outputs(form):
    """Of several outputs only one is read."""
    program, arrays = recurrent("lstm", times=6, n=4, hidden=36, proj=20, lengths=True, **FORMS[form])
    expected = reference.run(program, arrays)
    for index, name in enumerate(program.outputs):
        part = replace(program, outputs=(name,), output_structure=0)
        np.testing.assert_array_equal(LoadedProgram(part)(*arrays), expected[index], strict=True)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("row", "length"), [(0, 0), (2, 7), (5, -1), (3, 2**63 - 1), (1, -(2**63))])
def test_wrong_lengths(kind, form, row, length):
    program, arrays = recurrent(kind, times=6, n=6, lengths=True, reverse=row % 2 == 0, **FORMS[form])
    right = arrays[-1].copy()
    arrays[-1][row] = length
    arrays[-1][5] = min(arrays[-1][5], 0)  # the first one is named
    message = (
        f"operator 'layer' ({kind}): lengths[{row}] is {arrays[-1][row]}, expected 1 to 6, the steps of time that x has"
    )
    with pytest.raises(ValueError) as caught:
        reference.run(program, arrays)
    assert str(caught.value) == message
    expected = reference.run(program, [*arrays[:-1], right])
    for isa in _core.supported_isas():
        loaded = LoadedProgram(program, threads=2, isa=isa)
        with pytest.raises(ValueError) as caught:
            loaded(*arrays)
        assert str(caught.value) == message
        for got, want in zip(loaded(*arrays[:-1], right), expected, strict=True):
            np.testing.assert_array_equal(got, want)
