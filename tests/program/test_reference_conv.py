"""conv and linear against plain loops."""

import builders
import naive
import numpy as np
from builders import quantized
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from octavo.program import reference, verify

DTYPES = st.sampled_from(["uint8", "int8"])


@st.composite
def convs(draw, dtypes=DTYPES):
    """A random convolution in one to three dimensions."""
    axes = draw(st.integers(1, 3))

    def per_axis(low, high):
        return tuple(draw(st.integers(low, high)) for _ in range(axes))

    kernel, stride, dilation, size = per_axis(1, 3), per_axis(1, 3), per_axis(1, 2), per_axis(1, 5)
    padding = tuple(zip(per_axis(0, 3), per_axis(0, 3), strict=True))
    for n, k, d, (before, after) in zip(size, kernel, dilation, padding, strict=True):
        assume(n + before + after > d * (k - 1))
    groups = draw(st.integers(1, 3))
    channels = groups * draw(st.integers(1, 3))
    output = draw(st.sampled_from(["uint8", "int8", "float32"]))
    dtype = draw(dtypes)
    is_quantized = dtype != "float32" and output != "float32"
    low = -128 if output == "int8" else 0
    clamps = st.tuples(st.integers(low, low + 255), st.integers(low, low + 255)).map(sorted).map(tuple)
    return builders.conv(
        seed=draw(st.integers(0, 2**32)),
        x=(draw(st.integers(1, 2)), channels, *size),
        oc=groups * draw(st.integers(1, 3)),
        kernel=kernel,
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=groups,
        dtype=dtype,
        zero_point=draw(st.integers(0, 255)),
        output=output,
        residual=draw(st.none() | DTYPES) if is_quantized else None,
        clamp=draw(st.none() | clamps) if is_quantized else None,
    )


@settings(deadline=None, max_examples=60)
@given(convs())
def test_conv_equals_loops(case):
    program, inputs = case
    verify(program)
    np.testing.assert_array_equal(reference.run(program, inputs)[0], naive.conv(program, inputs))


@settings(deadline=None, max_examples=30)
@given(convs(dtypes=st.just("float32")))
def test_float_conv_adds_in_the_stated_order(case):
    program, inputs = case
    verify(program)
    np.testing.assert_array_equal(reference.run(program, inputs)[0], naive.conv(program, inputs))


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(["uint8", "int8", "float32"]), st.integers(1, 40), st.integers(1, 9), st.integers(0, 2**32))
def test_linear_is_a_1x1_convolution(dtype, depth, out, seed):
    program, (x,) = builders.linear(seed, (3, depth), out, dtype=dtype)
    operator = program.operators[0]
    constants = {role: program.constants[name] for role, name in operator.constants.items()}
    constants["weight"] = constants["weight"][:, :, None]
    attributes = {"stride": (1,), "padding": ((0, 0),), "dilation": (1,), "groups": 1}
    as_conv, arrays = builders.one_operator(
        "conv", [x[:, :, None]], [program.values["x0"]], program.values["y"], attributes, constants
    )
    np.testing.assert_array_equal(reference.run(program, [x])[0], naive.conv(as_conv, arrays)[:, :, 0])


def test_float_sums_are_sequential_in_float32():
    """2²⁴ + 1 + 1 stays 2²⁴ when each sum is rounded on its own, and in this order."""
    x = np.float32([[2.0**24, 1.0, 1.0]])
    constants = {"weight": np.ones((1, 3), np.float32), "bias": np.float32([5.0])}
    program, inputs = builders.one_operator("linear", [x], [builders.FLOAT], builders.FLOAT, {}, constants)
    assert reference.run(program, inputs)[0] == np.float32(2.0**24) + np.float32(5.0)


def test_accumulators_are_exact_up_to_the_ends_of_int32():
    depth = (2**31 - 1) // (127 * 255)
    constants = {
        "weight": np.int8([[127] * depth, [-127] * depth]),
        "bias": np.int32([2**31 - 1 - 127 * 255 * depth, -(2**31 - 1) + 127 * 255 * depth]),
        "weight_scale": np.float32([1.0, 1.0]),
    }
    x = np.full((1, depth), 255, np.uint8)
    given_type = quantized("uint8", 1.0, 0)
    program, inputs = builders.one_operator("linear", [x], [given_type], builders.FLOAT, {}, constants)
    verify(program)
    assert reference.run(program, inputs)[0].tolist() == [[2.0**31, -(2.0**31)]]
