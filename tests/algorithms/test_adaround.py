"""AdaRound against its paper's equations, and against all roundings that there are."""

from __future__ import annotations

import math
from itertools import product

import pytest
import torch

from octavo.algorithms.adaround import Outputs, adaround
from octavo.algorithms.soft_rounding import SoftWeight, beta_at, rectified_sigmoid, regularizer

STEPS = 300


def layer(seed: int, rows: int, k: int, groups: int = 1) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """A weight, inputs that depend on each other, and scales that leave few steps."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(groups, 400, k, generator=generator) @ torch.randn(k, k, generator=generator) + 0.5
    weight = torch.randn(groups, rows, k, generator=generator)
    return weight, x, weight.abs().amax(2) / 7


def outputs(weight: torch.Tensor, x: torch.Tensor, **options) -> Outputs:
    wanted = torch.bmm(x, weight.transpose(1, 2)).transpose(0, 1).flatten(1)
    return Outputs(x, wanted, torch.zeros(wanted.shape[1]), **options)


def errors(given: Outputs, q: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    return given.errors(q.float() * scale.unsqueeze(2)).square().mean(0)


def test_equation_23_and_24():
    v = [-4.0, -1.0, 0.0, 0.3, 5.0]
    sigmoid = [1 / (1 + math.exp(-x)) for x in v]
    h = [min(max(s * (1.1 - -0.1) + -0.1, 0.0), 1.0) for s in sigmoid]
    assert rectified_sigmoid(torch.tensor(v)).tolist() == pytest.approx(h, abs=1e-6)  # float32
    assert (h[0], h[-1]) == (0.0, 1.0)
    for beta in (20.0, 7.5, 2.0):
        expected = sum(1 - abs(2 * x - 1) ** beta for x in h)
        assert float(regularizer(torch.tensor(h), beta)) == pytest.approx(expected, rel=1e-5)  # float32
    assert float(regularizer(torch.tensor([0.0, 1.0, 1.0]), 3.0)) == 0.0


def test_equation_22_begins_with_the_weight_and_ends_in_integers():
    weight = torch.tensor([[0.31, -0.8, 1.02, -7.9, 6.6]])
    soft = SoftWeight(weight, torch.tensor([[1.0]]), 7)
    # float32; and a weight on an integer begins a hair beside it, where h has a gradient.
    torch.testing.assert_close(soft.soft(None)[0], weight.clamp(-7, 7), atol=2e-4, rtol=0)
    assert soft.integers().tolist() == [[0.0, -1.0, 1.0, -7.0, 7.0]]


def test_beta_falls_from_20_to_2_after_warming_up():
    assert [beta_at(step, 10) for step in (0, 1)] == [None, None]
    assert [beta_at(step, 10) for step in (2, 6, 10)] == pytest.approx([20.0, 11.0, 2.0])


def test_comes_near_the_best_of_all_roundings_up_or_down():
    totals = torch.zeros(3).double()
    for seed in range(4):
        weight, x, scale = layer(seed, 3, 6)
        given = outputs(weight, x)
        below = (weight / scale.unsqueeze(2)).floor()
        every = torch.stack(
            [errors(given, (below + torch.tensor(up)).clamp(-7, 7), scale) for up in product((0.0, 1.0), repeat=6)]
        )
        learned = adaround(weight, given, scale, 7, torch.Generator().manual_seed(0), STEPS)
        assert bool(((learned - below.clamp(-7, 7)) >= 0).all()) and bool((learned - below <= 1).all())
        nearest = errors(given, (weight / scale.unsqueeze(2)).round(), scale)
        ours = errors(given, learned, scale)
        assert (ours <= nearest).all()
        totals += torch.stack([every.amin(0).sum(), ours.sum(), nearest.sum()]).double()
    best, ours, nearest = totals.tolist()
    assert best <= ours * (1 + 1e-6) and ours < 1.4 * best  # gradient descent: near, not at, the best of 64
    assert ours < 0.75 * nearest


def test_what_the_activation_hides_does_not_count():
    """Rows of whose outputs the activation lets through few are rounded for these few: equation 25."""
    weight, x, scale = layer(0, 4, 8)
    linear = outputs(weight, x)
    added = torch.full((4,), float(-linear.wanted.std()))
    clamped = Outputs(x, (linear.wanted + added).clamp(min=0.0), added, (0.0, None))
    with_it = adaround(weight, clamped, scale, 7, torch.Generator().manual_seed(0), STEPS)
    without = adaround(weight, linear, scale, 7, torch.Generator().manual_seed(0), STEPS)
    assert errors(clamped, with_it, scale).sum() < errors(clamped, without, scale).sum()


def test_groups_are_rounded_each_on_its_own_inputs_and_rows_of_zeros_stay():
    weight, x, scale = layer(1, 2, 5, groups=3)
    weight[1, 1] = 0
    given = outputs(weight, x)
    learned = adaround(weight, given, scale.clamp_min(1e-3), 7, torch.Generator().manual_seed(0), STEPS)
    assert not learned[1, 1].any()
    nearest = (weight / scale.clamp_min(1e-3).unsqueeze(2)).round()
    assert errors(given, learned, scale).sum() < 0.8 * errors(given, nearest, scale).sum()
