import math

import pytest
import torch

from octavo.numerics import round_to_integer

_X = torch.tensor([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 0.4999, -0.7, 3.0])


@pytest.mark.parametrize(
    ("rounding", "expected"),
    [
        ("nearest_even", [-2, -2, -0.0, 0, 2, 2, 0, -1, 3]),
        ("floor", [-3, -2, -1, 0, 1, 2, 0, -1, 3]),
        ("ceil", [-2, -1, 0, 1, 2, 3, 1, 0, 3]),
    ],
)
def test_deterministic(rounding, expected):
    assert round_to_integer(_X, rounding).tolist() == expected


@pytest.mark.parametrize("rounding", ["nearest_even", "floor", "ceil", "stochastic"])
def test_whole_numbers_and_non_finite_stay(rounding):
    x = torch.tensor([-7.0, 0.0, 12.0, math.inf, -math.inf])
    assert round_to_integer(x, rounding).tolist() == x.tolist()
    assert round_to_integer(torch.tensor([math.nan]), rounding).isnan().all()


@pytest.mark.parametrize("x", [0.25, -3.7, 100.5, 1e-3])
def test_stochastic_is_unbiased(x):
    n = 200_000
    rounded = round_to_integer(torch.full((n,), x), "stochastic", torch.Generator().manual_seed(7))
    assert set(rounded.unique().tolist()) <= {math.floor(x), math.ceil(x)}
    # The mean of n draws of a variable in an interval of length 1 has a standard deviation of at most 1/(2 sqrt n);
    # five of them are left with a probability below 1e-6. The seed is fixed.
    assert abs(rounded.double().mean().item() - torch.tensor(x).item()) <= 5 * 0.5 / math.sqrt(n)


def test_stochastic_repeats_with_its_seed():
    first, again, other = (
        round_to_integer(torch.full((64,), 0.5), "stochastic", torch.Generator().manual_seed(seed))
        for seed in (1, 1, 2)
    )
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_refuses_an_unknown_name():
    with pytest.raises(ValueError, match="expected one of nearest_even, floor, ceil, stochastic"):
        round_to_integer(_X, "up")
