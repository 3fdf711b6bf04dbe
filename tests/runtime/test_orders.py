"""Arrays that lie channels_last go in and out as they lie, and no bit changes."""

from __future__ import annotations

import numpy as np
import pytest
from operator_cases import operator_cases
from random_networks import random_program

from octavo.program import Input, Operator, Program, Value, reference
from octavo.runtime import LoadedProgram
from octavo.runtime.plans import SLACK, memory_view

CASES = [case for case in operator_cases() if any(x.ndim >= 3 for x in case.build()[1])]


def channels_last(x: np.ndarray) -> np.ndarray:
    """Return an equal array that lies channels_last."""
    return np.moveaxis(np.ascontiguousarray(np.moveaxis(x, 1, -1)), -1, 1) if x.ndim >= 3 else x


def run(loaded: LoadedProgram, inputs: list[np.ndarray], slack: bool = False) -> list[np.ndarray]:
    """Run on arrays as they lie; with slack, in memory that goes on around them."""
    views = [memory_view(x) for x in inputs]
    plan = loaded.plans.find(tuple(x.shape for x in inputs), tuple((last, slack) for _, last in views))
    outputs = plan.empty()
    plan.native.run([surrounded(view) if slack else view for view, _ in views], outputs, loaded.threads)
    pairs = zip(outputs, plan.outputs, strict=True)
    return [np.moveaxis(y, -1, 1) if output.channels_last else y for y, output in pairs]


def surrounded(x: np.ndarray) -> np.ndarray:
    """Return an equal array with numbers of no meaning around it."""
    noise = np.random.default_rng(9).integers(0, 256, 2 * SLACK + x.nbytes, dtype=np.uint8)
    inner = noise[SLACK : SLACK + x.nbytes].view(x.dtype).reshape(x.shape)
    inner[...] = x
    return inner


def conv(padding: int) -> Program:
    x, y = Value("uint8", 0.5, 9), Value("uint8", 0.25, 100)
    rng = np.random.default_rng(0)
    constants = {
        "w": rng.integers(-127, 128, (4, 3, 3, 3), dtype=np.int8),
        "b": rng.integers(-99, 99, 4, dtype=np.int32),
        "s": np.full(4, 1e-3, np.float32),
    }
    attributes = {"stride": (1, 1), "dilation": (1, 1), "padding": ((padding,) * 2,) * 2, "groups": 1}
    roles = {"weight": "w", "bias": "b", "weight_scale": "s"}
    operator = Operator("conv", "y", ("x",), ("y",), attributes, roles)
    return Program((Input("x", "uint8", (2, 3, 7, 5)),), ("y",), {"x": x, "y": y}, (operator,), constants)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_operators_give_the_integers_of_the_reference(case):
    program, inputs = case.build()
    expected = reference.run(program, inputs)
    loaded = LoadedProgram(program, threads=1)
    for arranged, slack in ((channels_last, False), (channels_last, True), (np.copy, True)):
        given = [arranged(x) for x in inputs]
        before = [x.copy() for x in given]
        for got, want in zip(run(loaded, given, slack), expected, strict=True):
            np.testing.assert_array_equal(got, want, strict=True)
        for x, untouched in zip(given, before, strict=True):
            np.testing.assert_array_equal(x, untouched)


@pytest.mark.parametrize("seed", range(20))
def test_random_networks_give_the_integers_of_the_reference(seed):
    program, shape = random_program(seed)
    x = np.random.default_rng(seed).normal(0, 3, shape).astype(np.float32)
    loaded = LoadedProgram(program, threads=2)
    for given in (x, channels_last(x), x[::-1][::-1]):
        for got, want in zip(run(loaded, [given]), reference.run(program, [x]), strict=True):
            np.testing.assert_array_equal(got, want, strict=True)


@pytest.mark.parametrize("padding", [0, 1])
def test_a_convolution_copies_its_input_once_and_its_output_never(padding):
    program = conv(padding)
    x = np.random.default_rng(1).integers(0, 256, (2, 3, 7, 5), dtype=np.uint8)
    loaded = LoadedProgram(program, threads=1)
    (y,) = run(loaded, [channels_last(x)])
    assert memory_view(y)[1]
    np.testing.assert_array_equal(y, reference.run(program, [x])[0])
    plan = loaded.plans.find((x.shape,), ((True, False),))
    steps = [kind for kind, _, _ in plan.native.profile([memory_view(channels_last(x))[0]], plan.empty(), 1, 1)]
    assert steps == (["fill_halo"] if padding else []) + ["copy", "conv"]


def test_an_input_with_slack_is_not_copied():
    program = conv(0)
    x = np.random.default_rng(1).integers(0, 256, (2, 3, 7, 5), dtype=np.uint8)
    plan = LoadedProgram(program).plans.find((x.shape,), ((True, True),))
    view = surrounded(memory_view(channels_last(x))[0])
    assert [kind for kind, _, _ in plan.native.profile([view], plan.empty(), 1, 1)] == ["conv"]


def test_arrays_in_neither_order_are_copied():
    program = conv(1)
    x = np.random.default_rng(2).integers(0, 256, (2, 3, 7, 5), dtype=np.uint8)
    wide = np.zeros((2, 3, 7, 10), np.uint8)
    wide[..., ::2] = x
    (y,) = run(LoadedProgram(program), [wide[..., ::2]])
    np.testing.assert_array_equal(y, reference.run(program, [x])[0])


def test_only_outputs_of_8_bits_are_left_as_they_are_made():
    program = conv(1)
    values = {"x": program.values["x"], "y": Value("float32")}
    given = Program(program.inputs, ("y",), values, program.operators, program.constants)
    x = np.random.default_rng(3).integers(0, 256, (2, 3, 7, 5), dtype=np.uint8)
    (y,) = run(LoadedProgram(given), [channels_last(x)])
    assert y.flags.c_contiguous
    (y,) = LoadedProgram(program).run([x])
    assert y.flags.c_contiguous


def test_the_engine_refuses_arrays_that_lie_in_another_order_than_planned():
    plan = LoadedProgram(conv(1)).plans.find(((2, 3, 7, 5),), ((True, False),))
    with pytest.raises(ValueError, match=r"an input does not have the dtype and shape that were planned"):
        plan.native.run([np.zeros((2, 3, 7, 5), np.uint8)], plan.empty(), 1)
