"""take and gather: against PyTorch, and what the verifier says of shapes that do not fit."""

import numpy as np
import pytest
import torch
from builders import FLOAT, one_operator
from indexing_cases import INDEX
from operator_cases import operator_cases

from octavo.program import VerifyError, reference, verify


@pytest.mark.parametrize("kind", ["take", "gather"])
def test_equals_pytorch(kind):
    for case in operator_cases(kind):
        program, inputs = case.build()
        x, indices = map(torch.from_numpy, inputs)
        axis = program.operators[0].attributes["axis"]
        place = (*[slice(None)] * axis, indices)
        expected = torch.gather(x, axis, indices) if kind == "gather" else x[place]
        np.testing.assert_array_equal(reference.run(program, inputs)[0], expected.numpy(), err_msg=case.id, strict=True)


@pytest.mark.parametrize(
    ("kind", "axis", "indices", "message"),
    [
        ("take", 2, (4,), r"axis is 2; \[3, 5\] has the axes 0 to 1"),
        ("take", 1, (), "the indices are a scalar; at least 1 axis is needed: reshape them"),
        ("take", 1, (1, 1, 1, 1, 1, 1), "has 7 axes, 6 is the most"),
        ("gather", 2, (3, 5), r"axis is 2; \[3, 5\] has the axes 0 to 1"),
        ("gather", 1, (3,), r"the indices' shape is \[3\]; 2 axes, none but axis 1 longer than that of \[3, 5\]"),
        ("gather", 1, (4, 2), r"the indices' shape is \[4, 2\]; 2 axes, none but axis 1 longer"),
    ],
)
def test_wrong_shapes(kind, axis, indices, message):
    arrays = [np.zeros((3, 5), np.float32), np.zeros(indices, np.int64)]
    with pytest.raises(VerifyError, match=message):
        verify(one_operator(kind, arrays, [FLOAT, INDEX], FLOAT, {"axis": axis})[0])


@pytest.mark.parametrize("kind", ["take", "gather"])
def test_the_output_has_the_type_of_x(kind):
    arrays = [np.zeros((3, 5), np.float32), np.zeros((3, 5), np.int64)]
    with pytest.raises(VerifyError, match="expected 8-bit, int64 → 8-bit or float32, int64 → float32"):
        verify(one_operator(kind, arrays, [FLOAT, INDEX], INDEX, {"axis": 0})[0])
