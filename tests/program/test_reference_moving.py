"""Operators that move elements, against their definition by index."""

import numpy as np
import pytest
from builders import FLOAT, one_operator, quantized, unary_operator
from operator_cases import operator_cases

from octavo.program import reference


def test_channel_shuffle_follows_its_definition():
    program, (x,) = unary_operator("channel_shuffle", (2, 12, 3), quantized(), groups=3)
    (y,) = reference.run(program, [x])
    for i in range(3):
        for j in range(4):
            np.testing.assert_array_equal(y[:, j * 3 + i], x[:, i * 4 + j])


@pytest.mark.parametrize(("start", "end", "step"), [(0, None, 1), (-3, None, 1), (1, -1, 2), (2, 2**63 - 1, 3)])
def test_slice_is_pythons(start, end, step):
    program, (x,) = unary_operator("slice", (2, 9), FLOAT, axis=1, start=start, end=end, step=step)
    np.testing.assert_array_equal(reference.run(program, [x])[0], x[:, start:end:step])


def test_pad_adds_real_zeros():
    for value, zero in ((quantized("int8", 0.1, 100), -28), (quantized(), 117), (FLOAT, 0.0)):
        program, (x,) = unary_operator("pad", (2, 3), value, padding=((1, 0), (0, 2)))
        (y,) = reference.run(program, [x])
        np.testing.assert_array_equal(y[1:, :3], x)
        assert (y[0] == zero).all()
        assert (y[:, 3:] == zero).all()


def test_table_counts_from_the_lowest_element():
    table = np.arange(256)[::-1].astype(np.uint8)
    x = np.int8([-128, -1, 0, 127])
    program, inputs = one_operator("table", [x], [quantized("int8")], quantized(), {}, {"table": table})
    assert reference.run(program, inputs)[0].tolist() == [255, 128, 127, 0]


@pytest.mark.parametrize("kind", ["concat", "reshape", "permute", "channel_shuffle"])
def test_elements_are_only_moved(kind):
    for case in operator_cases(kind):
        program, inputs = case.build()
        (y,) = reference.run(program, inputs)
        before = np.sort(np.concatenate([x.reshape(-1) for x in inputs]))
        np.testing.assert_array_equal(np.sort(y.reshape(-1)), before, err_msg=case.id)
