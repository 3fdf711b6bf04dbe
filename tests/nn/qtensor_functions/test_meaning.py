"""What each function on a QTensor means, for any integers and qparams."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from tests.nn.qtensor_functions.functions import AVERAGES, FIXED, KEEPING, MOVING, SHAPES

from octavo.nn import QTensor, conversions
from octavo.program import Value
from octavo.program.grid import to_integers

few = settings(max_examples=12, deadline=None)


@st.composite
def qtensors(draw, rank: int):
    """Draw a QTensor of `SHAPES[rank]`."""
    dtype = draw(st.sampled_from(["uint8", "int8"]))
    data = torch.from_numpy(draw(hnp.arrays(dtype, SHAPES[rank])))
    info = torch.iinfo(data.dtype)
    scale = draw(st.sampled_from([0.01, 0.0078125, 0.3, 5e-4]))
    return QTensor(data, scale, draw(st.integers(info.min, info.max)))


def listed(table):
    """List a table of functions by rank."""
    return [
        pytest.param(rank, function, id=f"{name}-{rank}")
        for rank, functions in table.items()
        for name, function in functions.items()
    ]


def in_integers(function, x):
    """Call a function and see that nothing was converted."""
    with conversions.recording() as seen:
        y = function(x)
    assert isinstance(y, QTensor)
    assert str(seen) == "no conversions"
    return y


@pytest.mark.parametrize(("rank", "function"), listed(MOVING))
@few
@given(st.data())
def test_moving_commutes_with_dequantize(rank, function, data):
    x = data.draw(qtensors(rank))
    y = in_integers(function, x)
    assert y.value == x.value
    expected = function(x.dequantize())
    assert y.shape == expected.shape
    assert torch.equal(y.dequantize(), expected)


@pytest.mark.parametrize("function", KEEPING.values(), ids=KEEPING.keys())
@few
@given(qtensors(4))
def test_keeping_functions_round_to_the_qparams_of_their_input(function, x):
    y = in_integers(function, x)
    assert y.value == x.value
    exact = function((x.int_repr().double() - x.q_zero_point()) * x.q_scale())
    np.testing.assert_array_equal(y.int_repr().numpy(), to_integers(exact.numpy(), x.value))


@pytest.mark.parametrize(("function", "scale", "zero_points"), FIXED.values(), ids=FIXED.keys())
@few
@given(qtensors(2))
def test_fixed_functions_round_to_qparams_of_their_own(function, scale, zero_points, x):
    y = in_integers(function, x)
    assert y.value == Value(x.qdtype, scale, zero_points[x.qdtype])
    exact = function((x.int_repr().double() - x.q_zero_point()) * x.q_scale())
    np.testing.assert_array_equal(y.int_repr().numpy(), to_integers(exact.numpy(), y.value))


@pytest.mark.parametrize(("rank", "function"), listed(AVERAGES))
@few
@given(st.data())
def test_averages_are_the_exact_sum_scaled_once_and_rounded(rank, function, data):
    x = data.draw(qtensors(rank))
    y = in_integers(function, x)
    assert y.value == x.value
    # In float64 the average of integers is exact to 1e-12 steps; the program scales in float32, to 2⁻²² of the result.
    steps = function(x.int_repr().double() - x.q_zero_point())
    info = torch.iinfo(x.int_repr().dtype)
    exact = (steps + x.q_zero_point()).clamp(info.min, info.max)
    assert y.shape == exact.shape
    assert (y.int_repr().double() - exact).abs().max() <= 0.5 + 256 * 2.0**-22


@given(qtensors(2))
def test_the_index_of_the_largest_is_that_of_the_largest_number(x):
    reals = x.dequantize()
    assert torch.equal(x.argmax(1), reals.argmax(1))
    values, indices = x.topk(2, 1)
    assert torch.equal(reals.gather(1, indices), values.dequantize())
    ranked = x.sort(dim=0)
    assert torch.equal(reals.gather(0, ranked.indices), ranked.values.dequantize())


@pytest.mark.parametrize("compare", [torch.eq, torch.ne, torch.lt, torch.le, torch.gt, torch.ge])
@given(qtensors(1), st.one_of(st.integers(0, 5), st.floats(-3, 3, width=32), st.sampled_from([1e30, -1e30])))
def test_comparisons_with_a_number_are_those_of_the_numbers(compare, x, number):
    if isinstance(number, int):  # one of its own numbers
        number = float(x.dequantize()[number])
    with conversions.recording() as seen:
        answer = compare(x, number)
    assert seen.total() == 0
    assert torch.equal(answer, compare(x.dequantize(), number))


@given(qtensors(1), qtensors(1))
def test_comparisons_of_tensors_are_those_of_the_numbers(x, other):
    assert torch.equal(x < other, x.dequantize() < other.dequantize())
    twin = x.with_data(other.int_repr().to(x.int_repr().dtype))
    with conversions.recording() as seen:
        answers = [x >= twin, x == twin, torch.equal(x, x.clone())]
    assert seen.total() == 0
    assert torch.equal(answers[0], x.dequantize() >= twin.dequantize())
    assert torch.equal(answers[1], x.dequantize() == twin.dequantize())
    assert answers[2] is True
