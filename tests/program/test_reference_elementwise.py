"""The laws of quantize, dequantize, add and mul."""

import builders
import numpy as np
import pytest
from builders import FLOAT, one_operator
from hypothesis import given, settings
from hypothesis import strategies as st

from octavo.program import Value, reference, verify

SCALES = st.floats(2.0**-20, 2.0**20, width=32)
FLOATS = st.floats(width=32)


@st.composite
def types(draw):
    dtype = draw(st.sampled_from(["uint8", "int8"]))
    limits = np.iinfo(dtype)
    return Value(dtype, draw(SCALES), draw(st.integers(int(limits.min), int(limits.max))))


def quantize(x, output, **attributes):
    program, inputs = one_operator("quantize", [np.float32(x)], [FLOAT], output, attributes)
    verify(program)
    return reference.run(program, inputs)[0]


def dequantize(q, value):
    program, inputs = one_operator("dequantize", [q], [value], FLOAT)
    verify(program)
    return reference.run(program, inputs)[0]


@settings(deadline=None)
@given(types())
def test_dequantize_then_quantize_is_the_identity(value):
    q = np.arange(np.iinfo(value.dtype).min, np.iinfo(value.dtype).max + 1).astype(value.dtype)
    np.testing.assert_array_equal(quantize(dequantize(q, value), value), q)


@settings(deadline=None)
@given(types(), st.lists(st.floats(0, 1, width=32), min_size=1))
def test_error_is_at_most_half_a_step_inside_the_range(value, fractions):
    limits = np.iinfo(value.dtype)
    low, high = (value.scale * (int(end) - value.zero_point) for end in (limits.min, limits.max))
    x = np.float32(low + np.float64(fractions) * (high - low))
    error = np.abs(np.float64(dequantize(quantize(x, value), value)) - x)
    # x · inv is off by up to two roundings of 2⁻²⁴, of at most 255 steps.
    assert (error <= value.scale * (0.5 + 255 * 2.0**-22)).all()


@settings(deadline=None)
@given(types(), st.lists(FLOATS.filter(lambda v: not np.isnan(v)), min_size=2))
def test_quantize_is_monotone(value, numbers):
    y = quantize(sorted(numbers), value).astype(int)
    assert (np.diff(y) >= 0).all()


@settings(deadline=None)
@given(types())
def test_quantize_special_numbers(value):
    limits = np.iinfo(value.dtype)
    y = quantize([0.0, -0.0, np.nan, np.inf, -np.inf], value)
    assert y.tolist() == [value.zero_point, value.zero_point, limits.min, limits.max, limits.min]


def test_ties_go_to_the_even_integer():
    y = quantize([0.5, 1.5, 2.5, -0.5, -1.5, -2.5], Value("int8", 1.0, 0))
    assert y.tolist() == [0, 2, 2, 0, -2, -2]


def test_clamps_limit_the_result():
    y = quantize([-9.0, 2.0, 3.0, 9.0, np.nan], Value("int8", 1.0, 0), clamp_min=1, clamp_max=6)
    assert y.tolist() == [1, 2, 3, 6, 1]


@settings(deadline=None)
@given(types(), types(), types(), st.data())
@pytest.mark.parametrize("kind", ["add", "mul"])
def test_binary_equals_scalar_steps(kind, a, b, y, data):
    x = [[data.draw(st.integers(*map(int, (np.iinfo(t.dtype).min, np.iinfo(t.dtype).max))))] for t in (a, b)]
    arrays = [np.array(x[0], a.dtype), np.array(x[1], b.dtype)]
    program, inputs = one_operator(kind, arrays, [a, b], y)
    verify(program)
    p, q = x[0][0] - a.zero_point, x[1][0] - b.zero_point
    if kind == "add":
        real = np.float32(p) * np.float32(a.scale / y.scale) + np.float32(q) * np.float32(b.scale / y.scale)
    else:
        real = np.float32(p * q) * np.float32(a.scale * b.scale / y.scale)
    limits = np.iinfo(y.dtype)
    expected = min(max(round(float(real)) + y.zero_point, limits.min), limits.max)
    assert reference.run(program, inputs)[0].tolist() == [expected]


def test_inputs_are_checked():
    program, (x,) = builders.linear(x=(2, 16))
    with pytest.raises(TypeError, match="input 'x0': got an array of int8, expected uint8"):
        reference.run(program, [x.astype(np.int8)])
    with pytest.raises(ValueError, match=r"input 'x0' axis 1 of \[2, 16\]: got 15, expected 16"):
        reference.run(program, {"x0": x[:, :15]})


def test_keep_returns_every_value():
    program, (x,) = builders.linear(x=(2, 16))
    values = reference.run(program, {"x0": x}, keep=True)
    assert values.keys() == {"x0", "y"}
    np.testing.assert_array_equal(values["y"], reference.run(program, [x])[0])
