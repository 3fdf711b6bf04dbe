"""layer_norm and group_norm: against a loop over their definition, and against PyTorch."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from operator_cases import operator_cases

from octavo.numerics import sqnr
from octavo.program import float_rows, reference


def _naive(row: np.ndarray, eps: float) -> np.ndarray:
    """Follow the definition element by element."""
    count, f = np.float32(len(row)), np.float32

    def total(values: list[np.float32]) -> np.float32:
        lanes = [f(0)] * 16
        for i, value in enumerate(values):
            lanes[i % 16] = lanes[i % 16] + value
        for width in (8, 4, 2, 1):
            lanes = [lanes[j] + lanes[j + width] for j in range(width)]
        return lanes[0]

    mean = total(list(row)) / count
    centered = [value - mean for value in row]
    inverse = f(1) / np.sqrt(total([d * d for d in centered]) / count + f(eps))
    return np.array([d * inverse for d in centered])


@pytest.mark.parametrize("count", [1, 2, 15, 16, 17, 33, 100])
def test_normalize_is_its_definition(count):
    rows = np.random.default_rng(count).normal(1, 2, (3, count)).astype(np.float32)
    expected = np.stack([_naive(row, 1e-5) for row in rows])
    np.testing.assert_array_equal(float_rows.normalize(rows, 1e-5), expected, strict=True)


def _elements_of_a_row(case) -> int:
    program, (x,) = case.build()
    return x.size // x.shape[0] // program.operators[0].attributes.get("groups", 1)


# Where numbers lie far from 0, or all are equal, float32 itself loses more than 100 dB, in any order of summation.
INEXACT = ("far-from-zero", "constant", "large")
CASES = [case for kind in ("layer_norm", "group_norm") for case in operator_cases(kind)]
SINGLE = [case for case in CASES if case.id.startswith("group_norm") and _elements_of_a_row(case) == 1]
ORDINARY = [case for case in CASES if case not in SINGLE and not any(word in case.id for word in INEXACT)]


@pytest.mark.parametrize("case", ORDINARY, ids=repr)
def test_near_pytorch(case):
    program, (x,) = case.build()
    (layer,) = program.operators
    tensor = torch.from_numpy(x).double()
    weight, bias = (torch.from_numpy(program.constants[layer.constants[role]]).double() for role in ("weight", "bias"))
    if layer.type == "layer_norm":
        shape = x.shape[-layer.attributes["axes"] :]
        expected = F.layer_norm(tensor, shape, weight.view(shape), bias.view(shape), layer.attributes["eps"])
    else:
        expected = F.group_norm(tensor, layer.attributes["groups"], weight, bias, layer.attributes["eps"])
    assert sqnr(expected.float(), torch.from_numpy(reference.run(program, [x])[0])) > 100


@pytest.mark.parametrize("case", SINGLE, ids=repr)
def test_a_row_of_one_element_gives_the_bias(case):
    program, (x,) = case.build()
    bias = program.constants["layer.bias"].reshape(1, -1, *[1] * (x.ndim - 2))
    np.testing.assert_array_equal(reference.run(program, [x])[0], np.broadcast_to(bias, x.shape))
