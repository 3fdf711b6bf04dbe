import math

import pytest
import torch

from octavo.numerics import sqnr


def test_by_hand():
    assert sqnr(torch.tensor([10.0, 0.0]), torch.tensor([9.0, 0.0])) == pytest.approx(20.0)
    assert sqnr(torch.tensor([3.0, 4.0]), torch.tensor([3.0, 4.5])) == pytest.approx(20.0)


def test_limits():
    one, zero = torch.ones(2), torch.zeros(2)
    assert sqnr(one, one) == sqnr(zero, zero) == math.inf
    assert sqnr(zero, one) == -math.inf
    assert sqnr(one, zero) == 0.0


def test_large_values_do_not_overflow():
    assert sqnr(torch.tensor([1e30]), torch.tensor([0.9e30])) == pytest.approx(20.0, abs=1e-5)


def test_refuses_what_does_not_fit():
    with pytest.raises(ValueError, match="expected equal shapes"):
        sqnr(torch.ones(2), torch.ones(1, 2))
    with pytest.raises(ValueError, match="NaN or infinite"):
        sqnr(torch.ones(1), torch.tensor([math.nan]))
