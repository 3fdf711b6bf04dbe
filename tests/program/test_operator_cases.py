"""The catalogue itself: every program in it is one that the verifier accepts and the reference runs."""

import numpy as np
import pytest
from operator_cases import CATALOGUES, operator_cases

from octavo.program import infer_shapes, reference, verify
from octavo.program.schema import OPERATORS

CASES = operator_cases()


def test_every_operator_type_has_cases():
    assert CATALOGUES.keys() == OPERATORS.keys()


def test_ids_are_unique():
    ids = [case.id for case in CASES]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("kind", OPERATORS)
def test_reference_runs_every_case(kind):
    for case in operator_cases(kind):
        program, inputs = case.build()
        verify(program)
        shapes = infer_shapes(program, {})
        for name, y in zip(program.outputs, reference.run(program, inputs), strict=True):
            assert y.shape == shapes[name], case.id
            assert y.dtype == np.dtype(program.values[name].dtype), case.id


REQUANTIZE = [
    *("conv", "conv_transpose", "linear", "matmul", "attention", "add", "mul"),
    *("avg_pool", "adaptive_avg_pool"),
]


@pytest.mark.parametrize("kind", REQUANTIZE)
def test_outputs_use_their_range(kind):
    """A comparison of saturated outputs would show nothing."""
    saturated = total = 0
    for case in operator_cases(kind):
        program, inputs = case.build()
        if program.values["y"].is_quantized and "extreme" not in case.id and "clamp" not in case.id:
            (y,) = reference.run(program, inputs)
            limits = np.iinfo(y.dtype)
            saturated += np.count_nonzero((y == limits.min) | (y == limits.max))
            total += y.size
    assert saturated < 0.2 * total
