"""Numbers on the grid of a value's integers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from octavo.program import Value
from octavo.program.grid import function_table, levels, saturation, to_integers

VALUES = [Value("uint8", 0.5, 0), Value("uint8", 0.25, 131), Value("int8", 0.125, -128), Value("int8", 2.0, 7)]


@pytest.mark.parametrize("value", VALUES)
def test_levels_come_back_as_all_integers(value):
    info = np.iinfo(value.dtype)
    np.testing.assert_array_equal(to_integers(levels(value), value), np.arange(info.min, info.max + 1))


@given(st.sampled_from(VALUES), st.floats(-1e6, 1e6))
def test_a_number_is_half_a_step_from_its_integer_or_saturates(value, number):
    info = np.iinfo(value.dtype)
    q = int(to_integers(number, value))
    real = value.scale * (q - value.zero_point)
    assert abs(real - number) <= value.scale / 2 or q in (info.min, info.max)


def test_ties_go_to_even():
    value = Value("uint8", 1.0, 10)
    assert to_integers(np.array([0.5, 1.5, -0.5, -1.5]), value).tolist() == [10, 12, 10, 8]


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.0, None, {"clamp_min": 131}),
        (0.0, 6.0, {"clamp_min": 131, "clamp_max": 155}),
        (None, 100.0, {}),
        (-100.0, 1.0, {"clamp_max": 135}),
    ],
)
def test_a_fused_clamp_cuts_only_what_the_dtype_would_let_through(low, high, expected):
    assert saturation(low, high, VALUES[1]) == expected


def test_a_table_is_the_function_of_every_level():
    x, y = VALUES[1], VALUES[2]
    table = function_table(np.square, x, y)
    assert table.dtype == np.int8
    expected = [int(to_integers((0.25 * (q - 131)) ** 2, y)) for q in range(256)]
    assert table.tolist() == expected
