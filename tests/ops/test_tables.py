"""Functions of one element on tensors in 8 bits."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from octavo.ops.tables import apply_function
from octavo.program import ShapeError, Value
from octavo.program.grid import to_integers

X, Y = Value("uint8", 0.0625, 128), Value("int8", 0.03125, -128)


def test_every_integer_becomes_the_integer_of_its_answer():
    q = torch.arange(256, dtype=torch.int32).to(torch.uint8).view(4, 64)
    y = apply_function(F.elu, (0.5,), q, X, Y)
    exact = F.elu((q.double() - 128) * 0.0625, 0.5)
    np.testing.assert_array_equal(y.numpy(), to_integers(exact.numpy(), Y))


def test_what_changes_no_integer_returns_its_input():
    q = torch.arange(6, dtype=torch.uint8)
    assert apply_function(torch.relu, (), q, Value("uint8", 0.5, 0), Value("uint8", 0.5, 0)) is q
    assert apply_function(torch.relu, (), q, X, X) is not q


@pytest.mark.parametrize("strided", [lambda q: q.t(), lambda q: q[:, ::2], lambda q: q[1]])
def test_strides_may_be_any(strided):
    q = torch.arange(256, dtype=torch.int32).to(torch.uint8).view(16, 16)
    assert torch.equal(apply_function(torch.relu, (), strided(q), X, X), strided(q).clamp(min=128))


def test_an_empty_tensor_is_refused():
    with pytest.raises(ShapeError, match=r"takes no empty tensor"):
        apply_function(torch.relu, (), torch.empty(0, 3, dtype=torch.uint8), X, X)
