"""What the dynamic linear layer promises beyond the catalogue: the NaN's bits, rows that know nothing of each other."""

from __future__ import annotations

import numpy as np
import pytest
from builders import FLOAT, Case, one_operator
from dynamic_cases import dynamic_linear, dynamic_weights

from octavo import _core
from octavo.program import Input, Operator, Program, Symbol, reference
from octavo.runtime import LoadedProgram

CANONICAL_NAN = 0x7FC00000


def _everywhere(program: Program, *arrays: np.ndarray) -> list[np.ndarray]:
    """Run on each instruction set with 1 and 3 threads; return the bits of each output."""
    return [
        LoadedProgram(program, threads=threads, isa=isa)(*arrays).view(np.uint32)
        for isa in _core.supported_isas()
        for threads in (1, 3)
    ]


def _of_any_batch(case: Case) -> tuple[Program, np.ndarray]:
    program, (x,) = case
    inputs = (Input("x0", "float32", ("batch", x.shape[1])),)
    symbols = {"batch": Symbol(1, None, len(x))}
    return Program(inputs, program.outputs, program.values, program.operators, program.constants, symbols), x


@pytest.mark.parametrize("wrong", [np.nan, -np.nan, np.inf, -np.inf])
def test_a_row_without_a_range_gives_one_nan(wrong):
    rng = np.random.default_rng(0)
    x = rng.normal(0, 1, (5, 70)).astype(np.float32)
    x[1, 3] = x[4, 69] = wrong
    x[1, 50] = np.uint32(0x7FC01234).view(np.float32)  # a NaN with a payload
    program, _ = one_operator("dynamic_linear", [x], [FLOAT], FLOAT, {}, dynamic_weights(rng, (33, 70)))
    expected = reference.run(program, [x])[0].view(np.uint32)
    assert (expected[[1, 4]] == CANONICAL_NAN).all()
    assert np.isfinite(expected[[0, 2, 3]].view(np.float32)).all()
    for got in _everywhere(program, x):
        np.testing.assert_array_equal(got, expected)


def test_a_range_beyond_float32_gives_nan():
    x = np.float32([[3e38, -3e38], [1e38, -1e38]])
    weights = dynamic_weights(np.random.default_rng(0), (4, 2))
    program, _ = one_operator("dynamic_linear", [x], [FLOAT], FLOAT, {}, weights)
    for got in _everywhere(program, x):
        assert (got[0] == CANONICAL_NAN).all()
        assert np.isfinite(got[1].view(np.float32)).all()


def test_a_row_gives_the_same_bits_in_every_batch():
    program, x = _of_any_batch(dynamic_linear(3, (61, 131), 45))
    whole = LoadedProgram(program, threads=1)(x).view(np.uint32)
    for isa in _core.supported_isas():
        loaded = LoadedProgram(program, threads=2, isa=isa)
        for first, last in ((0, 1), (7, 9), (20, 37), (3, 61), (60, 61)):
            np.testing.assert_array_equal(loaded(x[first:last]).view(np.uint32), whole[first:last])


def test_weights_of_several_groups():
    """Weights beyond half of a second-level cache are multiplied group by group, each by several tiles of rows."""
    program, (x,) = dynamic_linear(4, (33, 1100), 1003)
    expected = reference.run(program, [x])[0].view(np.uint32)
    for got in _everywhere(program, x):
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("axis", [0, 1, 2, 3])
def test_between_a_slice_and_a_concat(axis):
    """The rows of the input are a view with gaps; those of the output are parts of a larger value."""
    rng = np.random.default_rng(1)
    x = rng.normal(0, 3, (3, 4, 5, 20)).astype(np.float32)
    features = x.shape[3] - (axis == 3)
    constants = dynamic_weights(rng, (features, features))
    operators = (
        Operator("slice", "slice", ("x",), ("part",), {"axis": axis, "start": 1, "end": None, "step": 1}),
        Operator("dynamic_linear", "layer", ("part",), ("y",), {}, {role: role for role in constants}),
        Operator("unary", "neg", ("part",), ("negated",), {"function": "neg"}),
        Operator("concat", "concat", ("negated", "y", "negated"), ("joined",), {"axis": axis}),
    )
    values = dict.fromkeys(("x", "part", "y", "negated", "joined"), FLOAT)
    program = Program((Input("x", "float32", x.shape),), ("joined",), values, operators, constants)
    expected = reference.run(program, [x])[0].view(np.uint32)
    for got in _everywhere(program, x):
        np.testing.assert_array_equal(got, expected)


def test_scratch_is_counted_and_shared():
    """Quantized rows lie in the arena, and two layers in a row use the same bytes for them."""
    rng = np.random.default_rng(0)
    x = rng.normal(0, 1, (100, 64)).astype(np.float32)
    one, _ = one_operator("dynamic_linear", [x], [FLOAT], FLOAT, {}, dynamic_weights(rng, (64, 64)))
    rows = 100 * (64 + 12)
    assert rows <= LoadedProgram(one, threads=1).arena_bytes(x) < rows + 1024
    constants = one.constants
    roles = one.operators[0].constants
    operators = tuple(Operator("dynamic_linear", f"layer{i}", (f"v{i}",), (f"v{i + 1}",), {}, roles) for i in range(3))
    values = {f"v{i}": FLOAT for i in range(4)}
    three = Program((Input("v0", "float32", x.shape),), ("v3",), values, operators, constants)
    between = 2 * 100 * 64 * 4
    assert LoadedProgram(three, threads=1).arena_bytes(x) < rows + between + 1024
    np.testing.assert_array_equal(LoadedProgram(three, threads=2)(x), reference.run(three, [x])[0])
