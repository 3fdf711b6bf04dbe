"""binary and where: against NumPy, and what the verifier says of values that do not fit."""

import numpy as np
import pytest
from builders import FLOAT, one_operator, quantized, unary_operator
from choosing_cases import ANY
from operator_cases import operator_cases

from octavo.program import VerifyError, reference, verify

NUMPY = {"sub": np.subtract, "div": np.divide, "maximum": np.maximum, "minimum": np.minimum}


def test_binary_equals_numpy():
    for case in operator_cases("binary"):
        program, inputs = case.build()
        with np.errstate(all="ignore"):
            expected = NUMPY[program.operators[0].attributes["function"]](*inputs)
        np.testing.assert_array_equal(reference.run(program, inputs)[0], expected, err_msg=case.id, strict=True)


def test_where_equals_numpy():
    for case in operator_cases("where"):
        program, (condition, a, b) = case.build()
        expected = np.where(condition.astype(bool), a, b)
        np.testing.assert_array_equal(
            reference.run(program, [condition, a, b])[0], expected, err_msg=case.id, strict=True
        )


@pytest.mark.parametrize("function", ["maximum", "minimum"])
def test_of_equal_zeros_the_first_is_taken(function):
    a, b = np.array([0.0, -0.0], np.float32), np.array([-0.0, 0.0], np.float32)
    program, inputs = one_operator("binary", [a, b], [FLOAT] * 2, FLOAT, {"function": function})
    np.testing.assert_array_equal(np.signbit(reference.run(program, inputs)[0]), np.signbit(a))


@pytest.mark.parametrize(
    ("kind", "shapes", "message"),
    [
        ("binary", [(2, 3), (4, 3)], r"the inputs' shapes \[2, 3\] and \[4, 3\] do not broadcast"),
        ("where", [(2, 3), (3,), (2, 2)], r"the inputs' shapes \[2, 3\] and \[2, 2\] do not broadcast"),
        ("where", [(2, 3), (3,)], "got float32, float32 → float32, expected float32, float32, float32 → float32"),
    ],
)
def test_wrong_values(kind, shapes, message):
    attributes = {"function": "sub"} if kind == "binary" else {}
    arrays = [np.zeros(shape, np.float32) for shape in shapes]
    with pytest.raises(VerifyError, match=message):
        verify(one_operator(kind, arrays, [FLOAT] * len(arrays), FLOAT, attributes)[0])


def test_binary_has_no_8_bit_form():
    x = np.zeros(3, np.uint8)
    with pytest.raises(VerifyError, match="expected float32, float32 → float32"):
        verify(one_operator("binary", [x, x], [quantized()] * 2, quantized(), {"function": "sub"})[0])


def test_add_is_no_function_of_binary():
    arrays = [ANY, ANY]
    with pytest.raises(VerifyError, match="attribute 'function' is 'add', expected one of sub, div, maximum, minimum"):
        verify(one_operator("binary", arrays, [FLOAT] * 2, FLOAT, {"function": "add"})[0])
    with pytest.raises(VerifyError, match="attribute 'function' is 'sub'"):
        verify(unary_operator("unary", (3,), FLOAT, function="sub")[0])
