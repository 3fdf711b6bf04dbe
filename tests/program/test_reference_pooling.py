"""Pooling against plain loops."""

import naive
import numpy as np
import pytest
from builders import FLOAT, quantized, unary_operator
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from octavo.program import reference, verify

TYPES = st.sampled_from([quantized(), quantized("int8", 0.03, 90), FLOAT])


@st.composite
def pools(draw, kind):
    """A random pooling in one to three dimensions."""
    axes = draw(st.integers(1, 3))

    def per_axis(low, high):
        return tuple(draw(st.integers(low, high)) for _ in range(axes))

    kernel, stride, size = per_axis(1, 4), per_axis(1, 4), per_axis(1, 7)
    dilation = per_axis(1, 2) if kind == "max_pool" else (1,) * axes
    extent = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    padding = tuple((draw(st.integers(0, e - 1)), draw(st.integers(0, e - 1))) for e in extent)
    for n, e, (before, after) in zip(size, extent, padding, strict=True):
        assume(n + before + after >= e)
    attributes = {"kernel": kernel, "stride": stride, "padding": padding, "ceil_mode": draw(st.booleans())}
    if kind == "max_pool":
        attributes["dilation"] = dilation
    else:
        attributes["count_include_pad"] = draw(st.booleans())
        attributes["divisor"] = draw(st.none() | st.integers(1, 9))
    given_type = draw(TYPES)
    output = given_type
    if kind == "avg_pool" and given_type is not FLOAT:
        output = quantized(draw(st.sampled_from(["uint8", "int8"])), 0.02, 130)
    shape = (draw(st.integers(1, 2)), draw(st.integers(1, 3)), *size)
    return unary_operator(kind, shape, given_type, output, draw(st.integers(0, 2**32)), **attributes)


@pytest.mark.parametrize("kind", ["max_pool", "avg_pool"])
@settings(deadline=None, max_examples=80)
@given(st.data())
def test_pool_equals_loops(kind, data):
    program, inputs = data.draw(pools(kind))
    verify(program)
    np.testing.assert_array_equal(reference.run(program, inputs)[0], naive.pool(program, inputs))


@settings(deadline=None, max_examples=60)
@given(TYPES, st.integers(1, 9), st.integers(1, 9), st.integers(1, 5), st.integers(1, 5), st.integers(0, 2**32))
def test_adaptive_avg_pool_equals_loops(given_type, height, width, rows, columns, seed):
    program, (x,) = unary_operator(
        "adaptive_avg_pool", (1, 2, height, width), given_type, seed=seed, output_size=(rows, columns)
    )
    (y,) = reference.run(program, [x])
    for c, i, j in np.ndindex(2, rows, columns):
        top, bottom = i * height // rows, -(-(i + 1) * height // rows)
        left, right = j * width // columns, -(-(j + 1) * width // columns)
        window = [x[0, c, h, w] for h in range(top, bottom) for w in range(left, right)]
        assert y[0, c, i, j] == naive.average(window, len(window), given_type, given_type, {})


def test_a_window_of_padding_alone_has_the_lowest_element():
    attributes = {"kernel": (2,), "stride": (1,), "padding": ((1, 1),), "dilation": (2,), "ceil_mode": False}
    for given_type, lowest in ((quantized("int8"), -128), (quantized(), 0), (FLOAT, -np.inf)):
        program, inputs = unary_operator("max_pool", (1, 1, 1), given_type, **attributes)
        verify(program)
        assert reference.run(program, inputs)[0].tolist() == [[[lowest]]]
