"""reduce and log_softmax: against a loop over their definition, and against PyTorch."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from operator_cases import operator_cases

from octavo.numerics import sqnr
from octavo.program import float_math, float_rows, reference

F32 = np.float32
COMBINE: dict[str, Callable] = {
    "sum": lambda a, b: a + b,
    "mean": lambda a, b: a + b,
    "max": lambda a, b: b if a < b or b != b else a,
    "min": lambda a, b: b if b < a or b != b else a,
}
START = {"sum": 0.0, "mean": 0.0, "max": -np.inf, "min": np.inf}


def _naive(function: str, row: np.ndarray) -> np.float32:
    """Follow the definition element by element."""
    lanes = [F32(START[function])] * 16
    for i, value in enumerate(row):
        lanes[i % 16] = COMBINE[function](lanes[i % 16], value)
    for width in (8, 4, 2, 1):
        lanes = [COMBINE[function](lanes[j], lanes[j + width]) for j in range(width)]
    return lanes[0] / F32(len(row)) if function == "mean" else lanes[0]


@pytest.mark.parametrize("count", [1, 2, 15, 16, 17, 33, 100])
@pytest.mark.parametrize("function", COMBINE)
def test_reduce_is_its_definition(function, count):
    rng = np.random.default_rng(count)
    rows = rng.normal(0, 2, (4, count)).astype(F32)
    rows[1] = rng.choice(np.array([0.0, -0.0], F32), count)
    rows[2, count // 2] = np.nan
    expected = np.array([[_naive(function, row)] for row in rows])
    got = float_rows.reduce(function, rows, 1)
    np.testing.assert_array_equal(got, expected)
    np.testing.assert_array_equal(np.signbit(got[1]), np.signbit(expected[1]))  # of a zero, too
    np.testing.assert_array_equal(float_rows.reduce(function, rows.T, 0).T, got)


ORDINARY = [
    case
    for kind in ("reduce", "log_softmax")
    for case in operator_cases(kind)
    if not any(word in case.id for word in ("special", "last-axis-1", "equal"))
]


@pytest.mark.parametrize("kind", ["reduce", "log_softmax"])
def test_near_pytorch(kind):
    for case in ORDINARY:
        program, (x,) = case.build()
        (layer,) = program.operators
        if layer.type != kind:
            continue
        tensor, axis = torch.from_numpy(x).double(), layer.attributes["axis"]
        if kind == "log_softmax":
            expected = tensor.log_softmax(axis)
        else:
            name = {"max": "amax", "min": "amin"}.get(layer.attributes["function"], layer.attributes["function"])
            expected = getattr(tensor, name)(axis, keepdim=layer.attributes["keepdim"])
        y = torch.from_numpy(reference.run(program, [x])[0])
        assert y.shape == expected.shape, case.id
        assert sqnr(expected.float(), y) > 110, case.id


def test_log_softmax_is_its_definition():
    x = np.random.default_rng(0).normal(0, 4, (3, 29)).astype(F32)
    for row, y in zip(x, float_rows.log_softmax(x, 1), strict=True):
        d = row - row.max()
        np.testing.assert_array_equal(y, d - float_math.log(np.array([_naive("sum", float_math.exp(d))])))


@pytest.mark.parametrize("function", COMBINE)
def test_nan_wins_wherever_it_stands(function):
    for place in range(40):
        x = np.arange(40, dtype=F32)
        x[place] = np.nan
        assert np.isnan(float_rows.reduce(function, x, 0)).all()
