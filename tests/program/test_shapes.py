"""Binding symbols and inferring shapes."""

import re
from dataclasses import replace

import naive
import pytest
from builders import FLOAT, quantized, unary_operator
from hypothesis import given
from hypothesis import strategies as st
from sample_programs import sample_program

from octavo.program import Input, Program, ShapeError, Symbol, bind_symbols, infer_shapes
from octavo.program.shape_rules import window_count

PROGRAM = sample_program()


@pytest.mark.parametrize("batch", [1, 7])
def test_shapes_follow_the_inputs(batch):
    sizes = bind_symbols(PROGRAM, {"skip": (batch, 4, 10, 8), "image": (batch, 3, 10, 8)})
    assert sizes == {"batch": batch, "height": 10}
    shapes = infer_shapes(PROGRAM, sizes)
    assert shapes["c"] == (batch, 4, 10, 8)
    assert shapes["f"] == (batch, 4)
    assert shapes["probability"] == (batch, 5)
    assert shapes.keys() == PROGRAM.values.keys()


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ([(1, 3, 8, 8)], "got 1 inputs, the program takes 2: ['image', 'skip']"),
        ({"image": (1, 3, 8, 8)}, "got the inputs ['image'], the program takes ['image', 'skip']"),
        ([(3, 8, 8), (1, 4, 8, 8)],
         "input 'image': got shape [3, 8, 8] with 3 axes, expected [batch, 3, height, 8] with 4"),
        ([(1, 4, 8, 8), (1, 4, 8, 8)], "input 'image' axis 1 of [batch, 3, height, 8]: got 4, expected 3"),
        ([(1, 3, 8, 8), (2, 4, 8, 8)],
         "input 'skip' axis 0 of [batch, 4, height, 8]: got batch = 2, expected 1 as in input 'image' axis 0"),
        ([(0, 3, 8, 8), (0, 4, 8, 8)], "got batch = 0, expected at least 1"),
        ([(1, 3, 3, 8), (1, 4, 3, 8)], "got height = 3, expected from 4 to 512"),
        ([(1, 3, 513, 8), (1, 4, 513, 8)], "got height = 513, expected from 4 to 512"),
    ],
)  # fmt: skip
def test_wrong_input_shapes_are_named(shapes, message):
    with pytest.raises(ShapeError, match=re.escape(message)):
        bind_symbols(PROGRAM, shapes)


@pytest.mark.parametrize(
    ("sizes", "message"),
    [({"batch": 1}, "symbol 'height' has no size"), ({"batch": 0, "height": 8}, "got batch = 0, expected at least 1")],
)
def test_every_symbol_needs_a_size_within_its_limits(sizes, message):
    with pytest.raises(ShapeError, match=message):
        infer_shapes(PROGRAM, sizes)


@pytest.mark.parametrize(
    ("kind", "shape", "attributes", "message"),
    [
        ("reshape", (2, 6), {"shape": (5, -1)}, "[2, 6] (12 elements) cannot be reshaped to [5, -1]"),
        ("reshape", (2, 6), {"shape": (-1, -1)}, "cannot be reshaped"),
        ("reshape", (2, 6), {"shape": (11,)}, "cannot be reshaped"),
        ("permute", (2, 6), {"dims": (0, 0)}, "dims are [0, 0]; each axis of [2, 6] must appear once"),
        ("slice", (2, 6), {"axis": 2, "start": 0, "end": None, "step": 1}, "axis is 2; [2, 6] has the axes 0 to 1"),
        ("slice", (2, 6), {"axis": 1, "start": 4, "end": 2, "step": 1}, "[4:2:1] takes nothing from axis 1 of [2, 6]"),
        ("pad", (2, 6), {"padding": ((0, 1),)}, "padding has 1 entries; [2, 6] has 2 axes"),
        ("channel_shuffle", (2, 6, 3), {"groups": 4}, "do not divide into groups=4"),
        ("channel_shuffle", (2, 6), {"groups": 2}, "[n, c, ...] with at least one spatial axis is needed"),
        ("concat", (2,), {"axis": 1}, "axis is 1; [2] has the axes 0 to 0"),
        ("adaptive_avg_pool", (2, 6), {"output_size": ()}, "[n, c, h, w] or [n, c, d, h, w] is needed"),
        ("adaptive_avg_pool", (2, 6, 3, 3), {"output_size": (1,)}, "output_size has 1 entries"),
    ],
)
def test_an_operator_that_does_not_fit_is_named(kind, shape, attributes, message):
    program, _ = unary_operator(kind, shape, quantized(), **attributes)
    with pytest.raises(ShapeError, match=re.escape(f"operator 'layer' ({kind}): ") + ".*" + re.escape(message)):
        infer_shapes(program, {})


def test_shapes_have_limits():
    program, _ = unary_operator("pad", (1,), FLOAT, padding=((2**31 - 1, 0),))
    huge = Program(
        (Input("x", "float32", (2**31 - 1, 2**31 - 1)),), ("x",), {"x": FLOAT}, (), {}, {"n": Symbol()}, 0, "tests"
    )
    assert infer_shapes(program, {}) == {"x0": (1,), "y": (2**31,)}
    with pytest.raises(ShapeError, match="is the most"):
        infer_shapes(huge, {"n": 1})
    deep = replace(huge, inputs=(Input("x", "float32", (1,) * 7),))
    with pytest.raises(ShapeError, match="has 7 axes, 6 is the most"):
        infer_shapes(deep, {"n": 1})


@given(
    st.integers(1, 30), st.integers(1, 5), st.integers(1, 5), st.integers(0, 4), st.integers(0, 4), st.integers(1, 3),
    st.booleans(),
)  # fmt: skip
def test_window_count_places_window_after_window(size, kernel, stride, before, after, dilation, ceil_mode):
    if size + before + after < dilation * (kernel - 1) + 1:
        with pytest.raises(ShapeError, match="is wider than"):
            window_count(size, kernel, stride, (before, after), dilation, ceil_mode)
    elif max(before, after) <= dilation * (kernel - 1):  # as in every pool that the rules accept
        expected = naive.windows(size, kernel, stride, before, after, dilation, ceil_mode)
        assert window_count(size, kernel, stride, (before, after), dilation, ceil_mode) == expected
